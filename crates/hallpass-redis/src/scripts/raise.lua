-- ARGV: 6 the realm, 7 the moment, 8 whether this is the last tag, which tells the feed.
local known = redis.call('HGET', BASE .. 'n', ARGV[6])
if known and not before(known, ARGV[7]) then return known end
redis.call('HSET', BASE .. 'n', ARGV[6], ARGV[7])
if ARGV[8] == '1' then
  news = { netstring('not_before') .. netstring(ARGV[6]) .. netstring(ARGV[7]) }
  tell()
end
return ARGV[7]
