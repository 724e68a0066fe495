-- The record that comes with a call. ARGV: 6 its key, 7 its handle, 8 to 16 the lines of its row's head, 17 the body.

local NEW = with_lines({ key = ARGV[6], name = name_of_row(ARGV[6]), handle = ARGV[7] }, unpack(ARGV, 8, 16))

local function write_new()
  write(NEW, ARGV[17])
end

local function is_same_session(row)
  return row.handle == NEW.handle and row.owner == NEW.owner
end
