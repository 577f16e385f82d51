#include "agent/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"

namespace berth::agent {

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string Platform() {
  utsname names{};
  return ::uname(&names) == 0 ? ToLower(names.sysname) : "";
}

std::string PlatformAndProcessor() {
  utsname names{};
  return ::uname(&names) == 0 ? ToLower(names.sysname) + ' ' + names.machine : "";
}

}  // namespace berth::agent
