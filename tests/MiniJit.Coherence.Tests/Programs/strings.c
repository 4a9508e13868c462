/* Strings: the library's functions at all alignments, a tokenizer, an expression evaluator, pattern matching, formatting. */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. However little known the "
    "feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, "
    "that he is considered as the rightful property of some one or other of their daughters.";

static void alignments(void)
{
    static char a[512], b[512];
    uint32_t sum = 0;
    for (int from = 0; from < 17; from++)
    {
        for (int to = 0; to < 17; to += 3)
        {
            for (int n = 0; n < 200; n += 1 + n / 7)
            {
                memset(a, '.', sizeof a);
                memset(b, '-', sizeof b);
                memcpy(a + from, text, (size_t)n);
                memmove(b + to, a + from, (size_t)n);
                memmove(b + to + 5, b + to, (size_t)n);
                b[to + n + 5] = 0;
                sum = sum * 31 + (uint32_t)strlen(b) + (uint32_t)(memcmp(a + from, text, (size_t)n) == 0);
                const char *found = memchr(b, 'w', sizeof b);
                sum = sum * 31 + (uint32_t)(found ? found - b : -1);
                sum = sum * 31 + (uint32_t)(strcmp(b + to, a + from) > 0) + 2 * (uint32_t)(strncmp(b + to + 5, a + from, (size_t)n / 2) == 0);
            }
        }
    }
    printf("alignments %08x\n", sum);
}

static void words(void)
{
    struct
    {
        char word[24];
        int count;
    } all[128];
    int count = 0;
    char copy[sizeof text];
    strcpy(copy, text);
    for (char *w = strtok(copy, " ,."); w; w = strtok(NULL, " ,."))
    {
        for (char *p = w; *p; p++)
        {
            *p = (char)tolower((unsigned char)*p);
        }
        int i = 0;
        while (i < count && strcmp(all[i].word, w))
        {
            i++;
        }
        if (i == count)
        {
            strncpy(all[count].word, w, sizeof all[0].word - 1);
            all[count].word[sizeof all[0].word - 1] = 0;
            all[count++].count = 0;
        }
        all[i].count++;
    }
    for (int i = 0; i < count; i++)
    {
        if (all[i].count > 1)
        {
            printf("%-12s|%3d\n", all[i].word, all[i].count);
        }
    }
    printf("%d words, '%s' at %d, last 'th' at %d, span %zu\n", count, "truth", (int)(strstr(text, "truth") - text), (int)(strrchr(text, 'q') ? 1 : 0),
           strcspn(text, "xyz"));
}

/* expression := term (('+' | '-') term)* ; term := factor (('*' | '/' | '%') factor)* ; factor := number | '-' factor | '(' expression ')' */
static const char *cursor;

static int64_t expression(void);

static int64_t factor(void)
{
    while (isspace((unsigned char)*cursor))
    {
        cursor++;
    }
    if (*cursor == '-')
    {
        cursor++;
        return -factor();
    }
    if (*cursor == '(')
    {
        cursor++;
        int64_t value = expression();
        cursor++;
        return value;
    }
    char *end;
    int64_t value = strtoll(cursor, &end, 0);
    cursor = end;
    while (isspace((unsigned char)*cursor))
    {
        cursor++;
    }
    return value;
}

static int64_t term(void)
{
    int64_t value = factor();
    for (;;)
    {
        switch (*cursor)
        {
        case '*':
            cursor++;
            value *= factor();
            break;
        case '/':
            cursor++;
            value /= factor();
            break;
        case '%':
            cursor++;
            value %= factor();
            break;
        default:
            return value;
        }
    }
}

static int64_t expression(void)
{
    int64_t value = term();
    while (*cursor == '+' || *cursor == '-')
    {
        int64_t sign = *cursor++ == '+' ? 1 : -1;
        value += sign * term();
    }
    return value;
}

static int matches(const char *pattern, const char *s)
{
    if (*pattern == 0)
    {
        return *s == 0;
    }
    if (*pattern == '*')
    {
        return matches(pattern + 1, s) || (*s && matches(pattern, s + 1));
    }
    return *s && (*pattern == '?' || *pattern == *s) && matches(pattern + 1, s + 1);
}

static void show(const char *format, ...)
{
    char buffer[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    printf("%3d [%s]\n", length, buffer);
}

static void distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    int *row = malloc((m + 1) * sizeof *row);
    for (size_t j = 0; j <= m; j++)
    {
        row[j] = (int)j;
    }
    for (size_t i = 1; i <= n; i++)
    {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++)
        {
            int up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            best = up + 1 < best ? up + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            diagonal = up;
        }
    }
    printf("%s -> %s: %d\n", a, b, row[m]);
    free(row);
}

int main(int argc, char **argv)
{
    (void)argv;
    printf("%d\n", argc);
    alignments();
    words();
    static const char *const expressions[] = {"1+2*3", "(1+2)*3 - -4", "0x7fffffff * 65537 % 1000003", "100/7/2", "-(17 % -5)*1000000007", "9223372036854775807 / 3"};
    for (unsigned i = 0; i < sizeof expressions / sizeof expressions[0]; i++)
    {
        cursor = expressions[i];
        printf("%s = %" PRId64 "\n", expressions[i], expression());
    }
    printf("%d%d%d%d\n", matches("*tr?th*", text), matches("*zebra*", text), matches("It*daughters.", text), matches("?", ""));
    show("%5d|%-5d|%05d|%+d|%x|%X|%#o", 42, 42, 42, 42, 0xbeef, 0xbeef, 8);
    show("%s|%10s|%-10s|%.3s|%c|%%", "abc", "abc", "abc", "abcdef", 'z');
    show("%lld %llu %zu %hhd %hd", -1234567890123456789LL, 18446744073709551615ULL, sizeof text, 300, 70000);
    show("%8.3f|%-8.2e|%g|%G", 3.14159, 31415.9, 1e-7, 1e20);
    distance("kitten", "sitting");
    distance("intention", "execution");
    distance("", "abc");
    int a, b;
    char w[16];
    int fields = sscanf("17 -4 hello", "%d %d %15s", &a, &b, w);
    printf("%d %d %d %s\n", fields, a, b, w);
    return 0;
}
