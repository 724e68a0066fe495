-- KEYS: 1 the row. ARGV: 1 the beginning of the tag's keys, 3 the key. Every request runs it, so it is short and stands
-- alone. The checksum is left to the caller: to compute it here takes as long as all the rest.
local row = redis.pcall('HMGET', KEYS[1], 'h', 'u', 'v', 'r', 'i', 'a', 'l', 'c', 't', 'f', 'k', 'b', 'd')
if row.err then
  if string.sub(row.err, 1, 9) ~= 'WRONGTYPE' then error(row) end
  return { 'undecodable', '' }
end
local present = 0
for n = 1, 11 do
  if row[n] then present = present + 1 end
end
if present == 0 and redis.call('EXISTS', KEYS[1]) == 0 then return { 'none' } end
local handle, owner, version = row[1], row[2], row[3]
if present < 11 or version ~= '1' then return { 'undecodable', version or '' } end
-- A login that its user's list does not lead to could not be ended with the others: it is dead.
local linked = owner == '' or redis.call('HGET', ARGV[1] .. 'u:' .. owner, handle) == ARGV[3]
return { linked and 'found' or 'unlinked', row[12] or '', row[13] or '', row[11], { unpack(row, 1, 10) } }
