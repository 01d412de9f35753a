/* Shows a generator without our library, in C: a socket, and Redis's protocol by hand (docs/generators.md).
   Build it where you pack it: cc -O2 -Wall -o play tock.c */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *answers;
static int jam;
static char bar[32];
static int is_bar;

static void end(int number) { (void)number; _exit(0); }

/* Ask with some words; the last argument is NULL. */
static void ask(const char *first, ...) {
    char text[2048];
    const char *words[16];
    int count = 0, length = 0;
    va_list more;
    va_start(more, first);
    for (const char *word = first; word && count < 16; word = va_arg(more, const char *)) words[count++] = word;
    va_end(more);
    length = snprintf(text, sizeof text, "*%d\r\n", count);
    for (int n = 0; n < count && length < (int)sizeof text; n++)
        length += snprintf(text + length, sizeof text - length, "$%zu\r\n%s\r\n", strlen(words[n]), words[n]);
    if (length >= (int)sizeof text || write(jam, text, length) != length) exit(1);
}

/* Read one answer with all that is in it; the word behind "bar" is kept. */
static void hear(void) {
    char line[512];
    if (!fgets(line, sizeof line, answers)) exit(0); /* the jam has ended */
    long size = atol(line + 1);
    if (line[0] == '*') {
        for (long n = 0; n < size; n++) hear();
    } else if (line[0] == '$' && size >= 0) {
        char word[4096];
        if (size + 2 > (long)sizeof word || fread(word, 1, size + 2, answers) != (size_t)size + 2) exit(1);
        word[size] = 0;
        if (is_bar) snprintf(bar, sizeof bar, "%.30s", word);
        is_bar = strcmp(word, "bar") == 0;
    } else if (line[0] == '-') {
        fputs(line, stdout); /* why it was refused; `marmalade generator log` shows it */
        fflush(stdout);
    }
}

int main(void) {
    static const int steps[] = {0, 3, 6, 10, 12}; /* son clave, in sixteenths */
    const char *events = getenv("MARMALADE_EVENTS"), *tags = getenv("MARMALADE_TAGS");
    const char *path = getenv("MARMALADE_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char key[512], when[64];
    if (!events || !tags || !path) return 1;
    signal(SIGTERM, end);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    jam = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(jam, (struct sockaddr *)&address, sizeof address) || !(answers = fdopen(dup(jam), "rb"))) return 1;
    snprintf(key, sizeof key, "%sBar", tags);
    for (;;) {
        bar[0] = 0;
        ask("XREAD", "BLOCK", "5000", "STREAMS", "state:bars", "$", NULL);
        hear();
        if (!bar[0]) continue;
        for (size_t n = 0; n < sizeof steps / sizeof *steps; n++) {
            snprintf(when, sizeof when, "%ld/16", 16 * atol(bar) + steps[n]);
            ask("XADD", events, "*", "synth", "clave", "bar", when, "amp", ".3", NULL);
            hear();
        }
        ask("XADD", key, "*", "value", bar, NULL);
        hear();
    }
}
