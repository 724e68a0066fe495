-- ARGV: 3 the owner.
local logins = {}
local entries = redis.call('HGETALL', name_of_list(ARGV[3]))
for n = 1, #entries, 2 do
  local row = read(entries[n + 1])
  if row and row.sound and row.handle == entries[n] and row.owner == ARGV[3] and not over(row) then
    -- From the head's beginning to where the data begins.
    local without_data = redis.call('GETRANGE', row.name, HANDLE - 1, row.body - 2 + row.length)
    table.insert(logins, { row.key, without_data })
  end
end
return { 'logins', logins }
