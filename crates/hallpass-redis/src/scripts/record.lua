-- The record that comes with a call. ARGV: 6 to 15 its key and fields, 16 the rest of it, 17 its data.

local NEW = from_fields(ARGV[6], {
  ARGV[7], ARGV[8], '1', ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15],
})

local function write_new()
  write(NEW, 'b', ARGV[16], 'd', ARGV[17])
end

local function is_same_session(row)
  return row.handle == NEW.handle and row.owner == NEW.owner
end
