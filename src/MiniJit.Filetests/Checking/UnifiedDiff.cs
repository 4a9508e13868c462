using System;
using System.Text;

namespace MiniJit.Filetests.Checking;

/// <summary>The differences of two texts, line by line, with three lines of context, as <c>diff -u</c> shows them.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;
    private const long MaxCells = 16_000_000;

    /// <summary>The diff; empty if the texts are equal.</summary>
    public static string Format(ReadOnlySpan<string> expected, ReadOnlySpan<string> actual)
    {
        int start = expected.CommonPrefixLength(actual);
        int tail = 0;
        while (tail < Math.Min(expected.Length, actual.Length) - start && expected[^(tail + 1)] == actual[^(tail + 1)])
        {
            tail++;
        }

        if (start == expected.Length && start == actual.Length)
        {
            return "";
        }

        StringBuilder output = new("--- expected\n+++ actual\n");
        for (int i = Math.Max(0, start - Context); i < start; i++)
        {
            output.Append("  ").Append(expected[i]).Append('\n');
        }

        AppendMiddle(output, expected[start..^tail], actual[start..^tail]);
        for (int i = expected.Length - tail; i < Math.Min(expected.Length, expected.Length - tail + Context); i++)
        {
            output.Append("  ").Append(expected[i]).Append('\n');
        }

        return output.ToString().TrimEnd('\n');
    }

    // Longest common subsequence by the textbook's table; beyond a size nobody would read, everything is replaced.
    private static void AppendMiddle(StringBuilder output, ReadOnlySpan<string> a, ReadOnlySpan<string> b)
    {
        int width = b.Length + 1;
        int[] lengths = (long)(a.Length + 1) * width <= MaxCells ? new int[(a.Length + 1) * width] : [];
        if (lengths.Length > 0)
        {
            for (int i = a.Length - 1; i >= 0; i--)
            {
                for (int j = b.Length - 1; j >= 0; j--)
                {
                    lengths[(i * width) + j] = a[i] == b[j]
                        ? lengths[((i + 1) * width) + j + 1] + 1
                        : Math.Max(lengths[((i + 1) * width) + j], lengths[(i * width) + j + 1]);
                }
            }
        }

        int x = 0, y = 0;
        while (x < a.Length || y < b.Length)
        {
            if (lengths.Length > 0 && x < a.Length && y < b.Length && a[x] == b[y])
            {
                output.Append("  ").Append(a[x++]).Append('\n');
                y++;
            }
            else if (x < a.Length && (y == b.Length || lengths.Length == 0 || lengths[((x + 1) * width) + y] >= lengths[(x * width) + y + 1]))
            {
                output.Append("- ").Append(a[x++]).Append('\n');
            }
            else
            {
                output.Append("+ ").Append(b[y++]).Append('\n');
            }
        }
    }
}
