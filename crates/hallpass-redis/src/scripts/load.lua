-- ARGV: 3 the key.
local row = read(ARGV[3])
if not row then return { 'none' } end
if not row.sound then return { 'undecodable', row.version or '' } end
if not linked(row) then return { 'none' } end
local rest = redis.call('HMGET', row.name, 'b', 'd')
return { 'found', rest[1] or '', rest[2] or '', fields(row) }
