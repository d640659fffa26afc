// A plug-in in C without a library: every byte is a token. It shows how little the protocol needs, and measures how fast
// the pipe is: cc -O2 -o identity identity.c && harness check --plugin ./identity (on a little-endian machine)
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What stands after a key, written "key":, in a header, which has no space outside of strings.
static const char *value(const char *header, const char *key) {
  const char *at = strstr(header, key);
  return at ? at + strlen(key) : "";
}

int main(void) {
  static char header[1 << 20];
  while (fgets(header, sizeof header, stdin)) {
    const char *request = value(header, "\"request\":\""), *counts = value(header, "\"counts\":"), *facts = "";
    long id = strtol(value(header, "\"id\":"), NULL, 10);
    size_t size = strtoul(value(header, "\"payload\":"), NULL, 10), n = 0;
    uint8_t *text = malloc(size + 1);
    uint32_t *tokens = malloc(4 * (size + 1));
    if (!text || !tokens || fread(text, 1, size, stdin) != size) return 1;
    if (!strncmp(request, "hello", 5))
      facts = ",\"protocol\":1,\"name\":\"Identity\",\"version\":\"1\",\"summary\":\"every byte is a token\","
              "\"trainingBytes\":0,\"vocabulary\":256,\"spans\":true";
    if (!strncmp(request, "load", 4)) facts = ",\"vocabulary\":256";
    if (!strncmp(request, "encode", 6)) for (; n < size; n++) tokens[n] = text[n];
    if (!strncmp(request, "spans", 5)) for (; n < size; n++) tokens[n] = 1;
    int decodes = !strncmp(request, "decode", 6);  // or decodeGenerated
    if (decodes) for (; n < size / 4; n++) text[n] = text[4 * n];
    printf("{\"id\":%ld,\"payload\":%zu%s", id, decodes ? n : 4 * n, facts);
    // As many tokens as bytes, and as many bytes as tokens: the counts that came.
    if (*counts) printf(",\"counts\":%.*s", (int)strcspn(counts, "]") + 1, counts);
    puts("}");
    fwrite(decodes ? (void *)text : tokens, decodes ? 1 : 4, n, stdout);
    fflush(stdout);
    free(text), free(tokens);
  }
}
