// OpenSSL's macros as functions, which is what Swift can call. Nothing here is compiled but with the trait TLS.
#ifndef SWITCHBOARD_COPENSSL_H
#define SWITCHBOARD_COPENSSL_H

#if !__has_include(<openssl/ssl.h>)
#error "The trait TLS needs OpenSSL's headers, 3.0 or newer. Debian, Ubuntu: apt-get install libssl-dev. Fedora: dnf install openssl-devel."
#else

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "The trait TLS needs OpenSSL 3.0 or newer."
#endif

// ----------------------------------------------------------------------------------------------- contexts

static inline void co_set_up(SSL_CTX *context, int isServer) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Whoever asks for it anew is refused, and nothing is compressed; OpenSSL's caches have locks.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, isServer ? SSL_SESS_CACHE_OFF
                                                   : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_max_early_data(context, 0);
}

static inline int co_set_least_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version);
}

static inline int co_set_most_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_max_proto_version(context, version);
}

static inline void co_set_name_callback(SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
  SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline void co_set_status_callback(SSL_CTX *context, int (*callback)(SSL *, void *)) {
  SSL_CTX_set_tlsext_status_cb(context, callback);
}

static inline int co_set_group_list(SSL_CTX *context, const char *names) {
  return SSL_CTX_set1_groups_list(context, names);
}

// -------------------------------------------------------------------------------------------- connections

static inline int co_set_host_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

static inline long co_set_status(SSL *ssl, const unsigned char *bytes, long count) {
  unsigned char *copy = OPENSSL_memdup(bytes, count);
  return copy == NULL ? 0 : SSL_set_tlsext_status_ocsp_resp(ssl, copy, count);
}

static inline void co_set_owner(SSL *ssl, void *owner) { SSL_set_app_data(ssl, owner); }
static inline void *co_owner(const SSL *ssl) { return SSL_get_app_data(ssl); }

static inline void co_wants_read(BIO *bio) {
  BIO_clear_retry_flags(bio);
  BIO_set_retry_read(bio);
}

static inline void co_wants_nothing(BIO *bio) { BIO_clear_retry_flags(bio); }

// ------------------------------------------------------------------------------------------------ tickets

static inline int co_seal_ticket(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *cipher_key,
                                 unsigned char *mac_key, size_t mac_key_count, unsigned char *iv, int isSealing) {
  OSSL_PARAM parameters[3];
  parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, mac_key_count);
  parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
  parameters[2] = OSSL_PARAM_construct_end();
  if (!EVP_MAC_CTX_set_params(mac, parameters)) return 0;
  return isSealing ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, cipher_key, iv)
                   : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, cipher_key, iv);
}

static inline void co_set_ticket_callback(
    SSL_CTX *context, int (*callback)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)) {
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

// ------------------------------------------------------------------------------------------- certificates

static inline int co_push(STACK_OF(X509) * chain, X509 *certificate) { return sk_X509_push(chain, certificate); }
static inline STACK_OF(X509) * co_chain(void) { return sk_X509_new_null(); }
static inline void co_free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

// The error that PEM_read ends with at the end of a file.
static inline int co_is_end_of_pem(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// A new key whose signatures are all of one length, and a certificate of its own for a name; NULL for want of memory.
static inline EVP_PKEY *co_new_key(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

static inline X509 *co_new_certificate(EVP_PKEY *key, const char *name) {
  X509 *certificate = X509_new();
  if (certificate == NULL) return NULL;
  X509_NAME *subject = X509_get_subject_name(certificate);
  int made = X509_set_version(certificate, 2) && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
             ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20000101000000Z") &&
             ASN1_TIME_set_string(X509_getm_notAfter(certificate), "20491231235959Z") &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
             X509_set_issuer_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
             X509_sign(certificate, key, NULL) > 0;
  if (made) return certificate;
  X509_free(certificate);
  return NULL;
}

static inline unsigned long co_name_flags(void) { return XN_FLAG_RFC2253; }
static inline int co_library(unsigned long error) { return ERR_GET_LIB(error); }
static inline int co_reason(unsigned long error) { return ERR_GET_REASON(error); }

#endif
#endif
