using System;
using System.Collections.Generic;
using System.IO;

namespace MiniJit.Filetests.Tools;

/// <summary>A table in plain text: columns as wide as they need to be.</summary>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; the first is the heading.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output)
    {
        List<int> widths = [];
        foreach (string[] row in _rows)
        {
            for (int i = 0; i < row.Length; i++)
            {
                if (i == widths.Count)
                {
                    widths.Add(0);
                }

                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        for (int r = 0; r < _rows.Count; r++)
        {
            Write(output, _rows[r], widths, ' ');
            if (r == 0)
            {
                Write(output, [.. widths.ConvertAll(width => new string('-', width))], widths, '-');
            }
        }
    }

    private static void Write(TextWriter output, string[] row, List<int> widths, char fill)
    {
        string line = "";
        for (int i = 0; i < row.Length; i++)
        {
            line += (i == 0 ? "" : "  ") + row[i].PadRight(widths[i], fill);
        }

        output.Write($"{line.TrimEnd()}\n");
    }
}
