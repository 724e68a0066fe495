-- ARGV: 3 and on the keys.
local answers = {}
for n = 3, #ARGV do
  answers[n - 2] = is_live(read(ARGV[n])) and 1 or 0
end
return answers
