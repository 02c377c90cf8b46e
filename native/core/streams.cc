// libtorch warns on `std::cerr`, and in Node nobody has made one for it.
//
// Node's executable brings copies of libstdc++'s `cout` and `cerr` (copy relocations), and only those are constructed
// at start. Loaded with RTLD_DEEPBIND, libtorch uses the library's own ones, which are zeros: its first warning would
// crash the process (`conv2d` with padding 'same' and an even kernel has one). So they are constructed here, before
// anything of libtorch runs. Where the addon is loaded without that flag they are the executable's, and left alone.
#if __has_include(<ext/stdio_sync_filebuf.h>)

#include <ext/stdio_sync_filebuf.h>

#include <cstdio>
#include <iostream>
#include <new>

namespace ltn {

namespace {

void construct(std::ostream& stream, std::FILE* file) {
  // A constructed stream begins with the address of its virtual table.
  void* const* const first = reinterpret_cast<void* const*>(&stream);
  if (*const_cast<void* const volatile*>(first) != nullptr) return;
  auto* const buffer = new __gnu_cxx::stdio_sync_filebuf<char>(file);  // as long as the process
  new (&stream) std::ostream(buffer);
}

const bool constructed = [] {
  construct(std::cout, stdout);
  construct(std::cerr, stderr);
  std::cerr.setf(std::ios_base::unitbuf);
  return true;
}();

}  // namespace

}  // namespace ltn

#endif
