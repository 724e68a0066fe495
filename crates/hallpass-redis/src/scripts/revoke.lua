-- ARGV: 6 the key, 7 the reason.
local given = given_before()
if given then return given end
local row = read(ARGV[6])
if not row then return { 'revoked', {} } end
redis.call('PTTL', BASE .. 'x')
if row.sound and not linked(row) then
  redis.call('DEL', row.name)
  redis.call('ZREM', BASE .. 'x', row.key)
  return { 'revoked', {} }
end
finish(row, row.sound and over(row) or ARGV[7])
tell()
return answer({ 'revoked', ended })
