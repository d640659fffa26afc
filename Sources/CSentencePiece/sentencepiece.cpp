#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "CSentencePiece.h"

struct CSPProcessor {
  sentencepiece::SentencePieceProcessor processor;
};

namespace {
void say(const std::string &message, char *error, size_t size) {
  if (size == 0) return;
  size_t n = message.size() < size - 1 ? message.size() : size - 1;
  std::memcpy(error, message.data(), n);
  error[n] = 0;
}

/// The one exception boundary: body's status, or the exception's words.
template <typename Body>
bool guarded(char *error, size_t size, Body body) {
  try {
    auto status = body();
    if (status.ok()) return true;
    say(status.ToString(), error, size);
  } catch (const std::exception &e) {
    say(e.what(), error, size);
  } catch (...) {
    say("unknown C++ exception", error, size);
  }
  return false;
}
}  // namespace

int csp_train(const char *arguments, char *error, size_t errorSize) {
  std::unordered_map<std::string, std::string> options;
  std::istringstream lines(arguments);
  for (std::string line; std::getline(lines, line);) {
    size_t equals = line.find('=');
    options[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
  }
  return guarded(error, errorSize, [&] { return sentencepiece::SentencePieceTrainer::Train(options); }) ? 0 : 1;
}

CSPProcessor *csp_load(const void *model, size_t size, char *error, size_t errorSize) {
  auto *p = new CSPProcessor();
  std::string bytes(static_cast<const char *>(model), size);
  if (guarded(error, errorSize, [&] { return p->processor.LoadFromSerializedProto(bytes); })) return p;
  delete p;
  return nullptr;
}

void csp_free(CSPProcessor *p) { delete p; }
int csp_vocabulary_size(const CSPProcessor *p) { return p->processor.GetPieceSize(); }
int csp_unknown_id(const CSPProcessor *p) { return p->processor.unk_id(); }

int csp_byte_id(const CSPProcessor *p, int byte) {
  char piece[8];
  std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
  int id = p->processor.PieceToId(piece);
  return p->processor.IsByte(id) ? id : -1;
}

int csp_piece_byte(const CSPProcessor *p, int id) {
  if (!p->processor.IsByte(id)) return -1;
  return static_cast<int>(std::strtol(p->processor.IdToPiece(id).c_str() + 3, nullptr, 16));
}

int csp_piece_is_control(const CSPProcessor *p, int id) {
  return p->processor.IsControl(id) || p->processor.IsUnused(id);
}

const char *csp_piece(const CSPProcessor *p, int id, size_t *size) {
  const std::string &piece = p->processor.IdToPiece(id);
  *size = piece.size();
  return piece.data();
}

ptrdiff_t csp_encode(const CSPProcessor *p, const char *text, size_t size, int32_t **ids, char *error,
                     size_t errorSize) {
  std::vector<int> out;
  *ids = nullptr;
  if (!guarded(error, errorSize, [&] { return p->processor.Encode(absl::string_view(text, size), &out); })) return -1;
  *ids = static_cast<int32_t *>(std::malloc(sizeof(int32_t) * (out.size() + 1)));
  for (size_t i = 0; i < out.size(); i++) (*ids)[i] = out[i];
  return static_cast<ptrdiff_t>(out.size());
}

ptrdiff_t csp_decode(const CSPProcessor *p, const int32_t *ids, size_t count, char **text, char *error,
                     size_t errorSize) {
  std::string out;
  *text = nullptr;
  std::vector<int> all(ids, ids + count);
  if (!guarded(error, errorSize, [&] { return p->processor.Decode(all, &out); })) return -1;
  *text = static_cast<char *>(std::malloc(out.size() + 1));
  std::memcpy(*text, out.data(), out.size());
  return static_cast<ptrdiff_t>(out.size());
}

void csp_free_ids(int32_t *ids) { std::free(ids); }
void csp_free_text(char *text) { std::free(text); }
