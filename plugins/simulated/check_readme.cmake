# The README's example is the one that is built in.
file(READ ${DIR}/README.md readme)
file(READ ${DIR}/example.json example)
string(FIND "${readme}" "${example}" at)
if(at EQUAL -1)
    message(FATAL_ERROR "README.md does not show example.json as it is")
endif()
