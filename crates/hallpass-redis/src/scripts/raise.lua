-- ARGV: 6 the realm, 7 the moment, 8 the prefix, 9 and 10 the first and the last tag. A server that is no cluster raises
-- all tags in one step; in a cluster each is a step of its own. Tag 0, which is asked and tells the feed, comes last.
local realm, at, now = ARGV[6], ARGV[7], ''
for tag = tonumber(ARGV[10]), tonumber(ARGV[9]), -1 do
  local name = string.format('%s:{%03x}:n', ARGV[8], tag)
  now = redis.call('HGET', name, realm)
  if not now or before(now, at) then
    redis.call('HSET', name, realm, at)
    now = at
    if tag == 0 then table.insert(news, netstring('not_before') .. netstring(realm) .. netstring(at)) end
  end
end
tell()
return now
