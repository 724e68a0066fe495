-- ARGV: 6 the key, 7 the expected revision, 8 the reason.
local given = given_before()
if given then return given end
local row = read(ARGV[6])
if not row then return { 'gone' } end
if not row.sound then return { 'undecodable', row.version or '' } end
if not linked(row) then return { 'gone' } end
if row.revision ~= ARGV[7] then return { 'conflict' } end
redis.call('PTTL', BASE .. 'x')
finish(row, over(row) or ARGV[8])
tell()
return answer({ 'taken', ended })
