// AES-128-GCM for TLS by the vector instructions of recent processors (VAES, VPCLMULQDQ, AVX-512),
// which OpenSSL 3.0 does not know: records cost a fifth to a seventh of what they cost with it.
//
// libipsec-mb has the arithmetic, and is loaded where it is installed and the processor has the
// instructions. It comes to OpenSSL as a provider in a library context of its own, which the
// contexts of TLS are made in: everything else of TLS, and all other cryptography of the program,
// is OpenSSL's as ever.
#pragma once

extern "C" {
typedef struct ossl_lib_ctx_st OSSL_LIB_CTX;
}

namespace berth::net {

/// Where a TLS context finds its algorithms, for SSL_CTX_new_ex.
struct TlsLibrary {
  OSSL_LIB_CTX* context = nullptr;   ///< Null: the default one.
  const char* properties = nullptr;  ///< Which of several of a name it takes; null: any.
};

/// The library context with AES-128-GCM by vector instructions. OpenSSL's default without such
/// instructions, without libipsec-mb, or where the system has OpenSSL use other providers than its
/// own (FIPS). Decided once for the process, logged; lives until its end. Safe on any thread.
TlsLibrary FastTlsLibrary();

}  // namespace berth::net
