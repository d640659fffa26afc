// A plug-in in C without a library: every byte is a token. It shows how little the protocol needs, and measures how fast
// the pipe is: cc -O2 -o identity identity.c && harness check --plugin ./identity
// For a little-endian machine.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What stands after a key, written "key":, in a header, which has no space outside of strings.
static const char *value(const char *header, const char *key) {
  const char *at = strstr(header, key);
  return at ? at + strlen(key) : "";
}

// Answers a batch with the counts that it came with: as many tokens as bytes.
static void answer(long id, const char *counts, const void *payload, size_t size) {
  int length = (int)(strcspn(counts, "]") + 1);
  printf("{\"id\":%ld,\"counts\":%.*s,\"payload\":%zu}\n", id, length, counts, size);
  fwrite(payload, 1, size, stdout);
}

int main(void) {
  static char header[1 << 20];
  uint8_t *bytes = NULL;
  uint32_t *numbers = NULL;
  while (fgets(header, sizeof header, stdin)) {
    const char *request = value(header, "\"request\":\""), *counts = value(header, "\"counts\":");
    long id = strtol(value(header, "\"id\":"), NULL, 10);
    size_t size = strtoul(value(header, "\"payload\":"), NULL, 10), n = 0;
    bytes = realloc(bytes, size + 1);
    numbers = realloc(numbers, 4 * (size + 1));
    if (!bytes || !numbers || fread(bytes, 1, size, stdin) != size) return 1;
    if (!strncmp(request, "hello", 5)) {
      printf("{\"id\":%ld,\"protocol\":1,\"name\":\"Identity\",\"version\":\"1\",\"summary\":\"every byte is a token\","
             "\"trainingBytes\":0,\"vocabulary\":256,\"spans\":true}\n", id);
    } else if (!strncmp(request, "train", 5)) {
      printf("{\"id\":%ld}\n", id);
    } else if (!strncmp(request, "load", 4)) {
      printf("{\"id\":%ld,\"vocabulary\":256}\n", id);
    } else if (!strncmp(request, "encode", 6)) {
      for (; n < size; n++) numbers[n] = bytes[n];
      answer(id, counts, numbers, 4 * n);
    } else if (!strncmp(request, "spans", 5)) {
      for (; n < size; n++) numbers[n] = 1;
      answer(id, counts, numbers, 4 * n);
    } else {  // decode, decodeGenerated
      for (; n < size / 4; n++) bytes[n] = bytes[4 * n];
      answer(id, counts, bytes, n);
    }
    fflush(stdout);
  }
  return 0;
}
