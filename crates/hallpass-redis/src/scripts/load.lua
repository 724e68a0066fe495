-- KEYS: 1 the row. Every request runs it, so it is short and stands alone. Whether the row is sound is left to the caller:
-- to find out here takes as long as all the rest.
local row = redis.pcall('GET', KEYS[1])
if not row then return { 'none' } end
if type(row) == 'table' then
  if string.sub(row.err, 1, 9) ~= 'WRONGTYPE' then error(row) end
  return { 'undecodable', '' }
end
-- A login that its user's list does not lead to could not be ended with the others: it is dead.
local owner = string.match(row, '^([^\n]*\n[^\n]*)\n', 35)
local linked = owner == '\n'
if owner and not linked then
  local base, key = string.sub(KEYS[1], 1, -37), string.sub(KEYS[1], -34)
  linked = redis.call('HGET', base .. 'u:' .. owner, string.sub(row, 19, 34)) == key
end
return { linked and 'found' or 'unlinked', row }
