#include "serialize/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace ltn {

static_assert(sizeof(off_t) == 8, "files may be longer than 4 GB");

namespace {

template <typename Call>
auto again(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

}  // namespace

int File::create(const std::string& path) {
  close();
  descriptor_ = again([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  return descriptor_ < 0 ? errno : 0;
}

int File::duplicate(int descriptor) {
  close();
  descriptor_ = again([&] { return ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0); });
  return descriptor_ < 0 ? errno : 0;
}

int File::write(const char* data, size_t length) {
  while (length > 0) {
    const ssize_t count = again([&] { return ::write(descriptor_, data, length); });
    if (count < 0) return errno;
    if (count == 0) return EIO;
    data += count;
    length -= static_cast<size_t>(count);
  }
  return 0;
}

int File::read_at(int64_t position, char* data, size_t length, size_t& got) {
  got = 0;
  while (got < length) {
    const off_t at = static_cast<off_t>(position) + static_cast<off_t>(got);
    const ssize_t count = again([&] { return ::pread(descriptor_, data + got, length - got, at); });
    if (count < 0) return errno;
    if (count == 0) return 0;
    got += static_cast<size_t>(count);
  }
  return 0;
}

int File::sync() {
#ifdef F_FULLFSYNC  // on macOS `fsync` leaves the data in the disk's own memory
  if (::fcntl(descriptor_, F_FULLFSYNC) == 0) return 0;
#endif
  return again([&] { return ::fsync(descriptor_); }) == 0 ? 0 : errno;
}

int File::close() {
  if (descriptor_ < 0) return 0;
  const int descriptor = descriptor_;
  descriptor_ = -1;
  // Not again after EINTR: the descriptor is gone by then, and may be another thread's new file
  return ::close(descriptor) == 0 || errno == EINTR ? 0 : errno;
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}

int copy_mode(const std::string& from, const std::string& to) {
  struct stat status;
  if (::stat(from.c_str(), &status) != 0) return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  return ::chmod(to.c_str(), status.st_mode & 07777) == 0 ? 0 : errno;
}

int rename_file(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

void remove_file(const std::string& path) { ::unlink(path.c_str()); }

}  // namespace ltn
