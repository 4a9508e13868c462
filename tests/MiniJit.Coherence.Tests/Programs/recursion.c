/* Recursion, function pointers and data structures: deep calls, many arguments, trees, search, setjmp. */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned ackermann(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int takeuchi(int x, int y, int z)
{
    return y < x ? takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y)) : z;
}

static int moves;

static void hanoi(int n, int from, int to, int via)
{
    if (n > 0)
    {
        hanoi(n - 1, from, via, to);
        moves += from * to;
        hanoi(n - 1, via, to, from);
    }
}

static int queens(int n, uint32_t columns, uint32_t left, uint32_t right)
{
    uint32_t all = (1u << n) - 1, free = all & ~(columns | left | right);
    int count = columns == all;
    while (free)
    {
        uint32_t bit = free & -free;
        free ^= bit;
        count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static long many(long a, int b, short c, char d, long e, int f, short g, char h, long i, int j, short k, char l, double m, float n)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + (long)(m * 13) + (long)(n * 14);
}

struct big
{
    long words[7];
};

static struct big shifted(struct big b, int by)
{
    struct big result;
    for (int i = 0; i < 7; i++)
    {
        result.words[i] = b.words[(i + by) % 7] + i;
    }
    return result;
}

struct node
{
    int key, height;
    struct node *left, *right;
};

static int height(const struct node *n)
{
    return n ? n->height : 0;
}

static struct node *update(struct node *n)
{
    int l = height(n->left), r = height(n->right);
    n->height = 1 + (l > r ? l : r);
    return n;
}

static struct node *rotate_right(struct node *n)
{
    struct node *l = n->left;
    n->left = l->right;
    l->right = update(n);
    return update(l);
}

static struct node *rotate_left(struct node *n)
{
    struct node *r = n->right;
    n->right = r->left;
    r->left = update(n);
    return update(r);
}

static struct node *insert(struct node *n, int key)
{
    if (!n)
    {
        n = calloc(1, sizeof *n);
        n->key = key;
        n->height = 1;
        return n;
    }
    if (key < n->key)
    {
        n->left = insert(n->left, key);
    }
    else if (key > n->key)
    {
        n->right = insert(n->right, key);
    }
    update(n);
    int balance = height(n->left) - height(n->right);
    if (balance > 1)
    {
        if (key > n->left->key)
        {
            n->left = rotate_left(n->left);
        }
        return rotate_right(n);
    }
    if (balance < -1)
    {
        if (key < n->right->key)
        {
            n->right = rotate_right(n->right);
        }
        return rotate_left(n);
    }
    return n;
}

static uint64_t walk(const struct node *n, uint64_t hash)
{
    return n ? walk(n->right, walk(n->left, hash) * 31 + (uint64_t)n->key) : hash;
}

static void release(struct node *n)
{
    if (n)
    {
        release(n->left);
        release(n->right);
        free(n);
    }
}

static jmp_buf escape;
static volatile int depth;

static void descend(int n)
{
    char pad[64];
    memset(pad, n, sizeof pad);
    depth += pad[n & 63] & 1;
    if (n == 500)
    {
        longjmp(escape, n);
    }
    descend(n + 1);
    depth -= pad[0];
}

typedef int (*operation)(int, int);

static int add(int a, int b)
{
    return a + b;
}

static int subtract(int a, int b)
{
    return a - b;
}

static int multiply(int a, int b)
{
    return (int)((unsigned)a * (unsigned)b);
}

static int fold(operation f, const int *values, int n, int start)
{
    for (int i = 0; i < n; i++)
    {
        start = f(start, values[i]);
    }
    return start;
}

static void permute(char *s, int k, int n, uint32_t *hash)
{
    if (k == n)
    {
        for (int i = 0; i < n; i++)
        {
            *hash = *hash * 16777619u ^ (uint8_t)s[i];
        }
        return;
    }
    for (int i = k; i < n; i++)
    {
        char t = s[k];
        s[k] = s[i];
        s[i] = t;
        permute(s, k + 1, n, hash);
        t = s[k];
        s[k] = s[i];
        s[i] = t;
    }
}

int main(void)
{
    printf("%u %u %d\n", ackermann(2, 9), ackermann(3, 5), takeuchi(14, 8, 3));
    hanoi(12, 1, 3, 2);
    printf("%d\n", moves);
    for (int n = 4; n <= 8; n++)
    {
        printf("%d queens: %d\n", n, queens(n, 0, 0, 0));
    }
    printf("%ld\n", many(1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12, 13.5, -14.25f));
    struct big b = {{1, 2, 3, 4, 5, 6, 7}};
    b = shifted(shifted(b, 3), 5);
    for (int i = 0; i < 7; i++)
    {
        printf("%ld%c", b.words[i], i == 6 ? '\n' : ' ');
    }
    struct node *root = NULL;
    uint32_t x = 12345;
    for (int i = 0; i < 3000; i++)
    {
        x = x * 1664525u + 1013904223u;
        root = insert(root, (int)(x >> 8) % 10000);
    }
    printf("tree %d %016llx\n", height(root), (unsigned long long)walk(root, 0));
    release(root);
    int reached = setjmp(escape);
    if (reached == 0)
    {
        descend(0);
    }
    printf("reached %d %d\n", reached, depth);
    static const int values[] = {3, -7, 11, 1000003, -65537};
    static const operation operations[] = {add, subtract, multiply};
    for (int i = 0; i < 3; i++)
    {
        printf("%d\n", fold(operations[i], values, 5, 1));
    }
    char letters[] = "abcdefg";
    uint32_t hash = 2166136261u;
    permute(letters, 0, 7, &hash);
    printf("%08x %s\n", hash, letters);
    return 0;
}
