#pragma once
#include <openssl/evp.h>

// SHA-256 through OpenSSL's libcrypto (EVP), so that processors with SHA instructions use them.
static inline EVP_MD_CTX *ccrypto_sha256_begin(void) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) return context;
  EVP_MD_CTX_free(context);
  return NULL;
}
