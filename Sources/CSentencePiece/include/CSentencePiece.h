// libsentencepiece behind a plain C interface: opaque handle, status, last message, one exception boundary.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded SentencePiece model. Owned by the caller; csp_free ends it. Encoding and decoding are thread-safe.
typedef struct CSPProcessor CSPProcessor;

/// Trains with the library's own trainer.
/// arguments: the trainer's options, key=value, one a line, without its input and output files.
/// text: UTF-8 sentences, one a line, each line ended by a newline; read in place, not kept.
/// *model receives the serialised model, which csp_free_bytes ends, *modelSize its length.
/// 0, or non-zero with the message in `error`.
int csp_train(const char *_Nonnull arguments, const char *_Nonnull text, size_t size,
              char *_Nullable *_Nonnull model, size_t *_Nonnull modelSize, char *_Nonnull error, size_t errorSize);

/// Loads a serialised model. NULL, with the message in `error`, when it cannot be read.
CSPProcessor *_Nullable csp_load(const void *_Nonnull model, size_t size, char *_Nonnull error, size_t errorSize);
void csp_free(CSPProcessor *_Nonnull processor);

int csp_vocabulary_size(const CSPProcessor *_Nonnull processor);
/// The id of the piece for a byte ("<0x41>"), or -1 where the model has no byte fallback.
int csp_byte_id(const CSPProcessor *_Nonnull processor, int byte);
int csp_unknown_id(const CSPProcessor *_Nonnull processor);
/// The byte of a byte piece, or -1.
int csp_piece_byte(const CSPProcessor *_Nonnull processor, int id);
/// Non-zero for control and unused pieces, which carry no text.
int csp_piece_is_control(const CSPProcessor *_Nonnull processor, int id);
/// The piece's text in UTF-8, U+2581 for a space; valid as long as the processor. *size receives its length.
const char *_Nonnull csp_piece(const CSPProcessor *_Nonnull processor, int id, size_t *_Nonnull size);

/// Encodes UTF-8 text. *ids receives an array that csp_free_ids ends; returns its length, or -1 with `error`.
ptrdiff_t csp_encode(const CSPProcessor *_Nonnull processor, const char *_Nonnull text, size_t size,
                     int32_t *_Nullable *_Nonnull ids, char *_Nonnull error, size_t errorSize);
/// Decodes ids with the library's own rules. *text receives bytes that csp_free_bytes ends; returns the length, or -1
/// with `error`.
ptrdiff_t csp_decode(const CSPProcessor *_Nonnull processor, const int32_t *_Nonnull ids, size_t count,
                     char *_Nullable *_Nonnull text, char *_Nonnull error, size_t errorSize);
void csp_free_ids(int32_t *_Nullable ids);
void csp_free_bytes(char *_Nullable bytes);

#ifdef __cplusplus
}
#endif
