-- ARGV: 3 the owner.
local logins = {}
local entries = redis.call('HGETALL', name_of_list(ARGV[3]))
for n = 1, #entries, 2 do
  local row = read(entries[n + 1])
  if row and row.sound and row.handle == entries[n] and row.owner == ARGV[3] and not over(row) then
    table.insert(logins, { row.key, redis.call('HGET', row.name, 'b') or '', fields(row) })
  end
end
return { 'logins', logins }
