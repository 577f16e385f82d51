// Boost.JSON, compiled here once for the whole program: it is used header-only, so that no Boost
// library has to be installed. Include <boost/json.hpp> in .cc files only; it is heavy.
#include <boost/json/src.hpp>
