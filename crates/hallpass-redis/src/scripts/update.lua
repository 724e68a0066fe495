-- ARGV: 18 the expected revision.
local given = given_before()
if given then return given end
local row = read(NEW.key)
if row and not row.sound then return { 'undecodable', row.version or '' } end
if not is_live(row) or not is_same_session(row) then return { 'gone' } end
if row.revision ~= ARGV[18] then return { 'conflict' } end
NEW.seen, NEW.idle = later(row.seen, NEW.seen), later(row.idle, NEW.idle)
redis.call('PTTL', BASE .. 'x')
write_new()
return answer({ 'written' })
