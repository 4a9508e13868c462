/* Sorting: seven algorithms over the same inputs, checked against each other, with keys of several widths. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 2000 };

static uint64_t seed = 0x243f6a8885a308d3u;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void insertion(int32_t *a, int n)
{
    for (int i = 1; i < n; i++)
    {
        int32_t key = a[i];
        int j = i;
        while (j > 0 && a[j - 1] > key)
        {
            a[j] = a[j - 1];
            j--;
        }
        a[j] = key;
    }
}

static void shell(int32_t *a, int n)
{
    for (int gap = n / 2; gap > 0; gap /= 2)
    {
        for (int i = gap; i < n; i++)
        {
            int32_t key = a[i];
            int j = i;
            for (; j >= gap && a[j - gap] > key; j -= gap)
            {
                a[j] = a[j - gap];
            }
            a[j] = key;
        }
    }
}

static void sift(int32_t *a, int root, int n)
{
    for (;;)
    {
        int child = 2 * root + 1;
        if (child >= n)
        {
            return;
        }
        if (child + 1 < n && a[child] < a[child + 1])
        {
            child++;
        }
        if (a[root] >= a[child])
        {
            return;
        }
        int32_t t = a[root];
        a[root] = a[child];
        a[child] = t;
        root = child;
    }
}

static void heap(int32_t *a, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--)
    {
        sift(a, i, n);
    }
    for (int end = n - 1; end > 0; end--)
    {
        int32_t t = a[0];
        a[0] = a[end];
        a[end] = t;
        sift(a, 0, end);
    }
}

static void quick_range(int32_t *a, int low, int high)
{
    while (low < high)
    {
        int32_t pivot = a[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j)
        {
            while (a[i] < pivot)
            {
                i++;
            }
            while (a[j] > pivot)
            {
                j--;
            }
            if (i <= j)
            {
                int32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j - low < high - i)
        {
            quick_range(a, low, j);
            low = i;
        }
        else
        {
            quick_range(a, i, high);
            high = j;
        }
    }
}

static void quick(int32_t *a, int n)
{
    quick_range(a, 0, n - 1);
}

static void merge_range(int32_t *a, int32_t *buffer, int n)
{
    if (n < 2)
    {
        return;
    }
    int half = n / 2;
    merge_range(a, buffer, half);
    merge_range(a + half, buffer, n - half);
    memcpy(buffer, a, (size_t)half * sizeof *a);
    int i = 0, j = half, k = 0;
    while (i < half && j < n)
    {
        a[k++] = a[j] < buffer[i] ? a[j++] : buffer[i++];
    }
    while (i < half)
    {
        a[k++] = buffer[i++];
    }
}

static void merge(int32_t *a, int n)
{
    int32_t *buffer = malloc((size_t)n * sizeof *a);
    merge_range(a, buffer, n);
    free(buffer);
}

static void radix(int32_t *a, int n)
{
    uint32_t *from = malloc((size_t)n * sizeof *from), *to = malloc((size_t)n * sizeof *to);
    for (int i = 0; i < n; i++)
    {
        from[i] = (uint32_t)a[i] ^ 0x80000000u;
    }
    for (int shift = 0; shift < 32; shift += 8)
    {
        int count[257] = {0};
        for (int i = 0; i < n; i++)
        {
            count[(from[i] >> shift & 255) + 1]++;
        }
        for (int i = 0; i < 256; i++)
        {
            count[i + 1] += count[i];
        }
        for (int i = 0; i < n; i++)
        {
            to[count[from[i] >> shift & 255]++] = from[i];
        }
        uint32_t *t = from;
        from = to;
        to = t;
    }
    for (int i = 0; i < n; i++)
    {
        a[i] = (int32_t)(from[i] ^ 0x80000000u);
    }
    free(from);
    free(to);
}

static int compare_int(const void *x, const void *y)
{
    int32_t a = *(const int32_t *)x, b = *(const int32_t *)y;
    return (a > b) - (a < b);
}

static void library(int32_t *a, int n)
{
    qsort(a, (size_t)n, sizeof *a, compare_int);
}

struct record
{
    char name[12];
    double weight;
    int16_t rank;
    uint8_t tag;
};

static int compare_record(const void *x, const void *y)
{
    const struct record *a = x, *b = y;
    if (a->weight != b->weight)
    {
        return a->weight < b->weight ? -1 : 1;
    }
    int by_name = strcmp(a->name, b->name);
    return by_name != 0 ? by_name : a->rank - b->rank;
}

static void records(void)
{
    struct record all[200];
    for (int i = 0; i < 200; i++)
    {
        uint64_t r = next_random();
        snprintf(all[i].name, sizeof all[i].name, "n%03u", (unsigned)(r % 37));
        all[i].weight = (double)(int64_t)(r >> 20 & 15) / 4.0 - 1.5;
        all[i].rank = (int16_t)(r >> 40);
        all[i].tag = (uint8_t)(r >> 56);
    }
    qsort(all, 200, sizeof all[0], compare_record);
    for (int i = 0; i < 200; i += 13)
    {
        printf("%-5s %6.2f %6d %02x\n", all[i].name, all[i].weight, all[i].rank, all[i].tag);
    }
    struct record key = all[77];
    struct record *found = bsearch(&key, all, 200, sizeof all[0], compare_record);
    printf("found %d\n", found != NULL && compare_record(found, &key) == 0);
}

int main(void)
{
    static const struct
    {
        const char *name;
        void (*sort)(int32_t *, int);
    } algorithms[] = {
        {"insertion", insertion}, {"shell", shell}, {"heap", heap}, {"quick", quick}, {"merge", merge}, {"radix", radix}, {"library", library},
    };
    static int32_t input[LENGTH], expected[LENGTH], work[LENGTH];
    for (int shape = 0; shape < 4; shape++)
    {
        for (int i = 0; i < LENGTH; i++)
        {
            uint64_t r = next_random();
            input[i] = shape == 0 ? (int32_t)r : shape == 1 ? (int32_t)(r % 16) - 8 : shape == 2 ? i * 3 : LENGTH - i;
        }
        for (unsigned k = 0; k < sizeof algorithms / sizeof algorithms[0]; k++)
        {
            memcpy(work, input, sizeof work);
            algorithms[k].sort(work, LENGTH);
            if (k == 0)
            {
                memcpy(expected, work, sizeof work);
            }
            uint32_t sum = 0;
            for (int i = 0; i < LENGTH; i++)
            {
                sum = sum * 31 + (uint32_t)work[i];
            }
            printf("%d %-9s %08x %s\n", shape, algorithms[k].name, sum, memcmp(work, expected, sizeof work) ? "WRONG" : "ok");
        }
    }
    records();
    return 0;
}
