// The hub's own pages, scripts and styles, embedded into the program by web/build.mjs.
//
// Everything here is constant and lives as long as the process; safe from any thread.
#pragma once

#include <span>
#include <string_view>

namespace berth::hub {

/// One embedded file.
struct Asset {
  std::string_view path;          ///< URL path with its leading slash, or only a name.
  std::string_view content_type;  ///< With charset.
  std::string_view body;
  std::string_view gzip;       ///< The body, compressed; empty for pictures.
  std::string_view etag;       ///< Quoted, ready for the ETag field.
  std::string_view gzip_etag;  ///< The same of `gzip`.
  bool immutable;              ///< The path names the content: may be cached for ever.
};

/// All embedded files.
std::span<const Asset> Assets();

/// The file of exactly this path or name; null if there is none.
const Asset* FindAsset(std::string_view path);

}  // namespace berth::hub
