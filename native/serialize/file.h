// A file of the operating system. All that is POSIX about reading and writing is in file.cc; each call gives 0 or an
// `errno`, and goes on where a signal interrupted it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ltn {

class File {
 public:
  File() = default;
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  // A new file, for writing.
  int create(const std::string& path);
  // An open file of somebody else's, who may close it afterwards.
  int duplicate(int descriptor);
  // All of it, after what was written before.
  int write(const char* data, size_t length);
  // Fills `data`; `got` is less than `length` where the file ends before.
  int read_at(int64_t position, char* data, size_t length, size_t& got);
  // Returns when the data are on the disk.
  int sync();
  int close();

 private:
  int descriptor_ = -1;
};

// The path without symbolic links; the same path where it leads nowhere.
std::string real_path(const std::string& path);
// Gives `to` the mode of `from`, where `from` exists.
int copy_mode(const std::string& from, const std::string& to);
// Puts `from` into the place of `to`, in one step.
int rename_file(const std::string& from, const std::string& to);
void remove_file(const std::string& path);

}  // namespace ltn
