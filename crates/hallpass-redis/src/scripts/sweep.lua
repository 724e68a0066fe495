-- ARGV: 6 how many rows at most.
local due = redis.call('ZRANGEBYSCORE', BASE .. 'x', '-inf', NOW, 'LIMIT', 0, ARGV[6])
for _, key in ipairs(due) do
  local row = read(key)
  if not row then
    redis.call('ZREM', BASE .. 'x', key)
  elseif not row.sound then
    finish(row, 'idle_timeout')
  else
    local reason = over(row)
    if reason == 'idle_timeout' or reason == 'absolute_timeout' then
      finish(row, reason)
    else
      redis.call('ZADD', BASE .. 'x', math.min(tonumber(sooner(row.idle, row.absolute)), LARGEST), key)
    end
  end
end
tell()
return { 'swept', ended }
