/* Hash functions, checksums and a hash table: rotations, byte order, wide products, tables. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rotl(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static uint32_t fnv1a(const uint8_t *p, size_t n)
{
    uint32_t h = 2166136261u;
    while (n--)
    {
        h = (h ^ *p++) * 16777619u;
    }
    return h;
}

static uint32_t adler(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;
    while (n--)
    {
        a = (a + *p++) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    static uint32_t table[256];
    if (table[1] == 0)
    {
        for (uint32_t i = 0; i < 256; i++)
        {
            uint32_t c = i;
            for (int k = 0; k < 8; k++)
            {
                c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
            }
            table[i] = c;
        }
    }
    uint32_t c = ~0u;
    while (n--)
    {
        c = table[(c ^ *p++) & 255] ^ c >> 8;
    }
    return ~c;
}

static uint32_t murmur(const uint8_t *p, size_t n, uint32_t h)
{
    size_t blocks = n / 4;
    for (size_t i = 0; i < blocks; i++)
    {
        uint32_t k;
        memcpy(&k, p + 4 * i, 4);
        k = rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u;
        h = rotl(h ^ k, 13) * 5 + 0xe6546b64u;
    }
    uint32_t k = 0;
    switch (n & 3)
    {
    case 3:
        k ^= (uint32_t)p[4 * blocks + 2] << 16;
        /* fall through */
    case 2:
        k ^= (uint32_t)p[4 * blocks + 1] << 8;
        /* fall through */
    case 1:
        k ^= p[4 * blocks];
        h ^= rotl(k * 0xcc9e2d51u, 15) * 0x1b873593u;
    }
    h ^= (uint32_t)n;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static uint64_t siphash(const uint8_t *p, size_t n, uint64_t k0, uint64_t k1)
{
    uint64_t v0 = k0 ^ 0x736f6d6570736575u, v1 = k1 ^ 0x646f72616e646f6du, v2 = k0 ^ 0x6c7967656e657261u, v3 = k1 ^ 0x7465646279746573u;
#define ROL(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND()                                                                                                                                                \
    do                                                                                                                                                         \
    {                                                                                                                                                          \
        v0 += v1;                                                                                                                                              \
        v1 = ROL(v1, 13) ^ v0;                                                                                                                                 \
        v0 = ROL(v0, 32);                                                                                                                                      \
        v2 += v3;                                                                                                                                              \
        v3 = ROL(v3, 16) ^ v2;                                                                                                                                 \
        v0 += v3;                                                                                                                                              \
        v3 = ROL(v3, 21) ^ v0;                                                                                                                                 \
        v2 += v1;                                                                                                                                              \
        v1 = ROL(v1, 17) ^ v2;                                                                                                                                 \
        v2 = ROL(v2, 32);                                                                                                                                      \
    } while (0)
    size_t left = n & 7;
    const uint8_t *end = p + (n - left);
    for (; p != end; p += 8)
    {
        uint64_t m;
        memcpy(&m, p, 8);
        v3 ^= m;
        ROUND();
        ROUND();
        v0 ^= m;
    }
    uint64_t b = (uint64_t)n << 56;
    while (left--)
    {
        b |= (uint64_t)p[left] << (8 * left);
    }
    v3 ^= b;
    ROUND();
    ROUND();
    v0 ^= b;
    v2 ^= 0xff;
    ROUND();
    ROUND();
    ROUND();
    ROUND();
    return v0 ^ v1 ^ v2 ^ v3;
}

static const uint32_t sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void sha_block(uint32_t *h, const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
    {
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    }
    for (int i = 16; i < 64; i++)
    {
        uint32_t a = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3, b = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++)
    {
        uint32_t t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
        uint32_t t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
    {
        h[i] += s[i];
    }
}

static void sha256(const uint8_t *p, size_t n)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    size_t whole = n / 64;
    for (size_t i = 0; i < whole; i++)
    {
        sha_block(h, p + 64 * i);
    }
    size_t rest = n % 64, total = rest < 56 ? 64 : 128;
    memcpy(last, p + 64 * whole, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++)
    {
        last[total - 1 - (size_t)i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
    }
    for (size_t i = 0; i < total; i += 64)
    {
        sha_block(h, last + i);
    }
    for (int i = 0; i < 8; i++)
    {
        printf("%08x", h[i]);
    }
    putchar('\n');
}

struct entry
{
    uint64_t key;
    uint32_t value;
    uint32_t used;
};

static void table(void)
{
    size_t capacity = 16, count = 0;
    struct entry *entries = calloc(capacity, sizeof *entries);
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++)
    {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        if (2 * count >= capacity)
        {
            struct entry *bigger = calloc(2 * capacity, sizeof *bigger);
            for (size_t j = 0; j < capacity; j++)
            {
                if (entries[j].used)
                {
                    size_t k = entries[j].key * 0x9e3779b97f4a7c15u >> 20 & (2 * capacity - 1);
                    while (bigger[k].used)
                    {
                        k = (k + 1) & (2 * capacity - 1);
                    }
                    bigger[k] = entries[j];
                }
            }
            free(entries);
            entries = bigger;
            capacity *= 2;
        }
        uint64_t key = x % 5000;
        size_t k = key * 0x9e3779b97f4a7c15u >> 20 & (capacity - 1);
        while (entries[k].used && entries[k].key != key)
        {
            k = (k + 1) & (capacity - 1);
        }
        if (!entries[k].used)
        {
            entries[k] = (struct entry){key, 0, 1};
            count++;
        }
        entries[k].value += (uint32_t)i;
    }
    uint64_t sum = 0;
    for (size_t j = 0; j < capacity; j++)
    {
        sum += entries[j].used ? entries[j].key * entries[j].value : 0;
    }
    printf("table %zu of %zu, %llu\n", count, capacity, (unsigned long long)sum);
    free(entries);
}

int main(void)
{
    static uint8_t text[1000];
    for (int i = 0; i < 1000; i++)
    {
        text[i] = (uint8_t)(i * i * 7 + i / 3);
    }
    for (size_t n = 0; n <= 1000; n = n < 20 ? n + 1 : n * 3 / 2)
    {
        printf("%4zu %08x %08x %08x %08x %016llx\n", n, fnv1a(text, n), adler(text, n), crc(text, n), murmur(text, n, 42),
               (unsigned long long)siphash(text, n, 0x0706050403020100u, 0x0f0e0d0c0b0a0908u));
    }
    sha256((const uint8_t *)"abc", 3);
    sha256(text, 55);
    sha256(text, 56);
    sha256(text, 1000);
    table();
    return 0;
}
