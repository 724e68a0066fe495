-- ARGV: 6 the key, 7 the idle deadline.
local row = read(ARGV[6])
if row and not row.sound then return { 'undecodable', row.version or '' } end
if not is_live(row) then return { 'gone' } end
local seen, idle = later(row.seen, NOW), later(row.idle, sooner(ARGV[7], row.absolute))
if seen ~= row.seen or idle ~= row.idle then
  row.seen, row.idle = seen, idle
  local body = redis.call('GETRANGE', row.name, row.body - 1, -1)
  redis.call('PTTL', BASE .. 'x')
  write(row, body)
end
return { 'touched' }
