-- ARGV: 6 the realm, 7 where to begin among the deadlines, 8 how many to look at. Answers how many of those stay.
local realm, first, count = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local keys = redis.call('ZRANGE', BASE .. 'x', first, first + count - 1)
local stay = 0
for _, key in ipairs(keys) do
  local row = read(key)
  local meant = row and row.sound and row.owner ~= '' and string.match(row.owner, '^[^\n]*') == realm
  local earliest = meant and not_before(row.owner)
  if earliest and before(row.authenticated, earliest) then
    finish(row, over(row))
  else
    stay = stay + 1
  end
end
tell()
return { 'purged', ended, stay }
