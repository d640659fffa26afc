#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
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

/// A copy that free() ends. The library's results outlive no call, and C++ strings do not cross into C.
char *copied(const std::string &bytes) {
  char *copy = static_cast<char *>(std::malloc(bytes.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

/// The lines of a text in memory, one sentence each.
class Lines : public sentencepiece::SentenceIterator {
 public:
  Lines(const char *text, size_t size) : next_(text), end_(text + size) { Next(); }
  bool done() const override { return done_; }
  const std::string &value() const override { return line_; }
  sentencepiece::util::Status status() const override { return sentencepiece::util::Status(); }
  void Next() override {
    done_ = next_ == end_;
    if (done_) return;
    const void *found = std::memchr(next_, '\n', static_cast<size_t>(end_ - next_));
    const char *stop = found ? static_cast<const char *>(found) : end_;
    line_.assign(next_, stop);
    next_ = found ? stop + 1 : end_;
  }

 private:
  const char *next_;
  const char *end_;
  std::string line_;
  bool done_ = false;
};
}  // namespace

int csp_train(const char *arguments, const char *text, size_t size, char **model, size_t *modelSize, char *error,
              size_t errorSize) {
  *model = nullptr;
  *modelSize = 0;
  return guarded(error, errorSize, [&] {
    std::unordered_map<std::string, std::string> options;
    std::istringstream lines(arguments);
    for (std::string line; std::getline(lines, line);) {
      size_t equals = line.find('=');
      options[line.substr(0, equals)] = equals == std::string::npos ? "" : line.substr(equals + 1);
    }
    Lines sentences(text, size);
    std::string bytes;
    auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &bytes);
    if (status.ok()) {
      *model = copied(bytes);
      *modelSize = bytes.size();
    }
    return status;
  }) ? 0 : 1;
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
  if (*ids == nullptr) {
    say("out of memory", error, errorSize);
    return -1;
  }
  for (size_t i = 0; i < out.size(); i++) (*ids)[i] = out[i];
  return static_cast<ptrdiff_t>(out.size());
}

ptrdiff_t csp_decode(const CSPProcessor *p, const int32_t *ids, size_t count, char **text, char *error,
                     size_t errorSize) {
  size_t length = 0;
  *text = nullptr;
  bool decoded = guarded(error, errorSize, [&] {
    std::string out;
    auto status = p->processor.Decode(std::vector<int>(ids, ids + count), &out);
    if (status.ok()) {
      *text = copied(out);
      length = out.size();
    }
    return status;
  });
  return decoded ? static_cast<ptrdiff_t>(length) : -1;
}

void csp_free_ids(int32_t *ids) { std::free(ids); }
void csp_free_bytes(char *bytes) { std::free(bytes); }
