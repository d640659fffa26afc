// The golden token streams of Tests/PluginsTests once more in C, on every kernel set that this machine runs: M1 as
// Transformer/Inference computes it, arithmetic codes, and windows under end=reserve by the definition in
// docs/equal-info-windows.md. usage: golden FOLDER
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#pragma STDC FP_CONTRACT OFF

static void fail(const char *what, const char *which) {
  fprintf(stderr, "golden: %s %s\n", what, which);
  exit(1);
}

static char *readFile(const char *folder, const char *name, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) fail("cannot read", path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (!bytes || fread(bytes, 1, *size, file) != *size) fail("cannot read", path);
  bytes[*size] = 0;
  fclose(file);
  return bytes;
}

static void *room(size_t n, size_t size) {
  void *p = aligned_alloc(64, (n * size + 191) / 64 * 64);
  if (!p) abort();
  return memset(p, 0, (n * size + 191) / 64 * 64);
}

// ---- M1 ----------------------------------------------------------------------------------------------------------

enum { D = 16, H = 1, d = 16, A = H * d, F = 32, LAYERS = 2, V = 256, BOS = V, CONTEXT = 64, OVERLAP = CONTEXT / 8 };

static char *model;

/// A tensor of the safetensors file, copied to an aligned place.
static float *tensor(const char *name, size_t count) {
  char key[128];
  snprintf(key, sizeof key, "\"%s\":{\"data_offsets\":[", name);
  uint64_t header;
  memcpy(&header, model, 8);
  const char *entry = strstr(model + 8, key);
  if (!entry) fail("the model has no tensor", name);
  size_t start = strtoul(entry + strlen(key), NULL, 10);
  float *values = room(count, sizeof(float));
  memcpy(values, model + 8 + header + start, count * sizeof(float));
  return values;
}

static const CKKernels *k;
static float *embedding, *head, *headWeight;
static struct {
  float *attentionNorm, *mlpNorm, *qkv, *attentionOut, *mlpIn, *mlpOut, *bias;
} layers[LAYERS];

static float *packed(const float *b, int rows, int columns, int rowStride, int columnStride) {
  float *to = room(k->packedSize(rows, columns), sizeof(float));
  k->pack(rows, columns, b, rowStride, columnStride, to);
  return to;
}

/// T5's bucket; first[i] = ⌈16·8^(i/16)⌉.
static int bucket(int distance) {
  static const int first[] = {16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};
  int b = distance < 16 ? distance : 15;
  for (int i = 0; i < 16 && distance >= 16; i++) b += first[i] <= distance;
  return b;
}

static void loadModel(void) {
  embedding = tensor("embedding", (V + 1) * D);
  head = packed(embedding, D, V, 1, D);
  headWeight = tensor("finalNorm", D);
  for (int i = 0; i < D; i++) headWeight[i] *= 0.25f;  // 1/√D
  for (int l = 0; l < LAYERS; l++) {
    char name[64];
#define TENSOR(field, count) (snprintf(name, sizeof name, "layers.%d." #field, l), tensor(name, count))
    layers[l].attentionNorm = TENSOR(attentionNorm, D);
    layers[l].mlpNorm = TENSOR(mlpNorm, D);
    layers[l].qkv = packed(TENSOR(qkv, D * 3 * A), D, 3 * A, 3 * A, 1);
    layers[l].attentionOut = packed(TENSOR(attentionOut, A * D), A, D, D, 1);
    layers[l].mlpIn = packed(TENSOR(mlpIn, D * F), D, F, F, 1);
    layers[l].mlpOut = packed(TENSOR(mlpOut, F * D), F, D, D, 1);
    const float *table = TENSOR(relativeBias, H * 32);
    layers[l].bias = room(H * CONTEXT + 16, sizeof(float));
    for (int h = 0; h < H; h++)
      for (int t = 0; t < CONTEXT; t++) layers[l].bias[h * CONTEXT + CONTEXT - 1 - t] = table[h * 32 + bucket(t)];
  }
}

/// One stream's keys and values, a context of CONTEXT positions.
static uint16_t *keys[LAYERS], *values[LAYERS];
static int length;
static float *logits;  // [n, V] of the last advance

/// The calls of InferenceStreams.advance, for one stream.
static void advance(const int *tokens, int n) {
  static float *x, *normed, *update, *qkv, *attended, *hidden;
  if (!x) {
    x = room(CONTEXT * D, 4), normed = room(CONTEXT * D, 4), update = room(CONTEXT * D, 4);
    qkv = room(CONTEXT * 3 * A, 4), attended = room(CONTEXT * A, 4), hidden = room(CONTEXT * F, 4);
    logits = room(CONTEXT * V, 4);
    for (int l = 0; l < LAYERS; l++) keys[l] = room(A * CONTEXT, 2), values[l] = room(A * CONTEXT, 2);
  }
  for (int i = 0; i < n; i++) memcpy(x + i * D, embedding + tokens[i] * D, D * sizeof(float));
  for (int l = 0; l < LAYERS; l++) {
    k->rmsNorm(normed, NULL, NULL, x, layers[l].attentionNorm, n, D);
    k->gemmPacked(n, 3 * A, D, normed, D, layers[l].qkv, qkv, 3 * A);
    for (int i = 0; i < n; i++)
      k->cachePosition(keys[l], values[l], CONTEXT * d, qkv + i * 3 * A + A, qkv + i * 3 * A + 2 * A, length + i, H, d);
    k->cachedAttention(attended, A, qkv, 3 * A, keys[l], values[l], CONTEXT * d, layers[l].bias, CONTEXT, length, n, H,
                       d);
    k->gemmPacked(n, D, A, attended, A, layers[l].attentionOut, update, D);
    k->add(x, update, n * D);
    k->rmsNorm(normed, NULL, NULL, x, layers[l].mlpNorm, n, D);
    k->gemmPacked(n, F, D, normed, D, layers[l].mlpIn, hidden, F);
    k->relu(hidden, n * F);
    k->gemmPacked(n, D, F, hidden, F, layers[l].mlpOut, update, D);
    k->add(x, update, n * D);
  }
  length += n;
  k->rmsNorm(normed, NULL, NULL, x, headWeight, n, D);
  k->gemmPacked(n, V, D, normed, D, head, logits, V);
}

static void restart(void) {
  length = 0;
  advance((int[]){BOS}, 1);
}

static const float *lastLogits;
static void append(int byte) {
  advance(&byte, 1);
  lastLogits = logits;
}

// ---- Arithmetic codes (Plugins/ArithmeticCoding) -----------------------------------------------------------------

static uint64_t low, range;
static uint8_t code[4096];
static int codeBytes;

static void carry(void) {
  low -= 1ull << 63;
  for (int i = codeBytes - 1; i >= 0 && ++code[i] == 0; i--) {}
}

static void encodeSymbol(const uint32_t *frequencies, int byte, int precision) {
  uint64_t cumulative = 0;
  for (int b = 0; b < byte; b++) cumulative += frequencies[b];
  uint64_t unit = range >> precision, start = unit * cumulative;
  low += start;
  range = cumulative + frequencies[byte] == 1ull << precision ? range - start : unit * frequencies[byte];
  if (low >= 1ull << 63) carry();
  while (range < 1ull << 55) {
    code[codeBytes++] = (uint8_t)(low >> 55);
    low = (low & ((1ull << 55) - 1)) << 8;
    range <<= 8;
  }
}

/// Bits of the shortest code.
static int finish(void) {
  uint64_t step = 1ull << 63, value = (low + step - 1) / step * step;
  while (value - low >= range) {
    step >>= 1;
    value = (low + step - 1) / step * step;
  }
  if (value >= 1ull << 63) {
    low = value;
    carry();
    value = low;
  }
  for (int i = 0; i < 8; i++) code[codeBytes++] = (uint8_t)((value << 1) >> (56 - 8 * i));
  while (codeBytes && !code[codeBytes - 1]) codeBytes--;
  return codeBytes ? codeBytes * 8 - __builtin_ctz(code[codeBytes - 1]) : 0;
}

static uint32_t tokens[4096];
static int tokenCount;
static int bitAt(int i) { return i < codeBytes * 8 ? code[i / 8] >> (7 - i % 8) & 1 : 0; }

/// The whole text in contexts that each begin with BOS and the last bytes of the one before.
static void encodeArithmetic(const uint8_t *text, int n, int width) {
  const int precision = 14;
  uint32_t table[256];
  low = 0, range = 1ull << 63, codeBytes = 0, tokenCount = 0;
  restart();
  lastLogits = logits;
  for (int i = 0; i < n; i++) {
    k->quantise(lastLogits, precision, table);
    encodeSymbol(table, text[i], precision);
    if (i + 1 == n) break;
    if (length == CONTEXT) {
      restart();
      for (int j = i + 1 - OVERLAP; j < i + 1; j++) append(text[j]);
    } else {
      append(text[i]);
    }
  }
  int bits = finish();
  for (int start = 0; start < bits; start += width) {
    uint32_t token = 0;
    for (int i = start; i < start + width; i++) token = token << 1 | (uint32_t)(i < bits ? bitAt(i) : 0);
    tokens[tokenCount++] = token;
  }
}

// ---- Windows under end=reserve -----------------------------------------------------------------------------------

typedef unsigned __int128 u128;

/// What a prefix owns: base, and m = high·2^p + low integers for its children behind the `kept` for itself.
typedef struct {
  u128 base, high;
  uint32_t low, kept;
} Range;

/// The child's range; 0 where it owns nothing.
static int child(Range *r, int byte, const uint32_t *f, int p) {
  uint32_t shares[256], remainders[256], sum = 0;
  for (int b = 0; b < 256; b++) {
    shares[b] = (r->low * f[b]) >> p;
    remainders[b] = (r->low * f[b]) & ((1u << p) - 1);
    sum += remainders[b];
  }
  int taken[256] = {0};
  for (uint32_t left = sum >> p; left > 0; left--) {  // one each to the largest remainders, the lower byte first
    int best = -1;
    for (int b = 0; b < 256; b++)
      if (!taken[b] && (best < 0 || remainders[b] > remainders[best])) best = b;
    taken[best] = 1;
    shares[best]++;
  }
  u128 start = r->base + r->kept;
  for (int b = 0; b < byte; b++) start += r->high * f[b] + shares[b];
  u128 count = r->high * f[byte] + shares[byte];
  if (count == 0) return 0;
  *r = (Range){start, (count - 1) >> p, (uint32_t)(count - 1) & ((1u << p) - 1), 1};
  return 1;
}

static void encodeWindows(const uint8_t *text, int n, int bits, int width) {
  int p = bits < 14 ? bits : 14, held = 0;
  uint32_t pending = 0, table[256];
  tokenCount = 0;
  for (int i = 0; i < n;) {
    Range range = {0, (u128)1 << (bits - p), 0, 0};
    restart();
    lastLogits = logits;
    while (i < n) {
      k->quantise(lastLogits, p, table);
      if (!child(&range, text[i], table, p)) break;
      append(text[i++]);
    }
    for (int bit = bits - 1; bit >= 0; bit--) {
      pending = pending << 1 | (uint32_t)(range.base >> bit & 1);
      if (++held == width) tokens[tokenCount++] = pending, pending = 0, held = 0;
    }
  }
  if (held) tokens[tokenCount++] = pending << (width - held);
}

// ---- Against the files -------------------------------------------------------------------------------------------

static char *golden;

static void checkTokens(const char *name) {
  char key[96];
  snprintf(key, sizeof key, "\"%s\" : [", name);
  char *at = strstr(golden, key);
  if (!at) fail("golden.json has no", name);
  at += strlen(key);
  for (int i = 0; i < tokenCount; i++) {
    char *end;
    if (strtoul(at, &end, 10) != tokens[i] || end == at) fail("another token in", name);
    at = end + strspn(end, ", \n");
  }
  if (*at != ']') fail("more tokens expected in", name);
}

static void checkLogits(const uint8_t *text) {
  char *at = strstr(golden, "\"logits\" : [");
  if (!at) fail("golden.json has no", "logits");
  int first[8];
  for (int i = 0; i < 8; i++) first[i] = text[i];
  restart();
  advance(first, 8);
  for (int row = 0; row < 8; row++) {
    at = strchr(row ? strchr(at, ',') : at + 9, '"') + 1;
    for (int v = 0; v < V; v++, at += 8) {
      char digits[9];
      uint32_t bits;
      memcpy(&bits, logits + row * V + v, 4);
      snprintf(digits, sizeof digits, "%08x", bits);
      if (memcmp(digits, at, 8)) fail("another logit on", k->name);
    }
  }
}

int main(int count, char **arguments) {
  if (count != 2) fail("usage:", "golden FOLDER");
  static const uint8_t text[] =
      "The golden text pins every bit: \u00fcn\u00efc\u00f6d\u00e9, 0123456789,\n\ttabs, \u2581, and repeats repeats.";
  const int n = sizeof text - 1;
  size_t size;
  model = readFile(arguments[1], "m1.safetensors", &size);
  golden = readFile(arguments[1], "golden.json", &size);
  static const char *const sets[] = {"plain", "avx2", "avx512", "neon"};
  for (int s = 0; s < 4; s++) {
    k = ck_kernels_named(sets[s]);
    if (!k) continue;
    loadModel();
    checkLogits(text);
    encodeArithmetic(text, n, 8);
    checkTokens("AC[v=256]");
    encodeArithmetic(text, n, 16);
    checkTokens("AC[v=65k]");
    static const struct {
      const char *name;
      int bits, width;
    } windows[] = {{"EqualInfoAC[b=8,v=256]", 8, 8},       {"EqualInfoAC[b=12,v=4k]", 12, 12},
                   {"EqualInfoAC[b=16,v=65k]", 16, 16},    {"EqualInfoAC[b=32,v=65k]", 32, 16},
                   {"EqualInfoAC[b=128,v=256]", 128, 8}};
    for (int w = 0; w < 5; w++) {
      encodeWindows(text, n, windows[w].bits, windows[w].width);
      checkTokens(windows[w].name);
    }
    printf("%s: logits and 7 token streams are the golden ones\n", sets[s]);
  }
  return 0;
}
