using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.IR;

namespace MiniJit.Benchmarks;

/// <summary>The functions of <c>bench/corpus</c>, or of the folder that MINIJIT_BENCH_CORPUS names.</summary>
internal static class Corpus
{
    public static IReadOnlyList<SourceText> Sources()
    {
        List<SourceText> sources = [];
        foreach (string file in Directory.GetFiles(Folder(), "*.clif", SearchOption.AllDirectories))
        {
            sources.Add(new(file, File.ReadAllText(file)));
        }

        return sources;
    }

    public static IReadOnlyList<Function> Functions()
    {
        List<Function> functions = [];
        foreach (SourceText source in Sources())
        {
            foreach (ParsedFunction parsed in new Parser().Read(source).Functions)
            {
                functions.Add(parsed.Function);
            }
        }

        return functions;
    }

    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable("MINIJIT_BENCH_CORPUS") is { Length: > 0 } folder)
        {
            return folder;
        }

        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "MiniJit.sln")))
        {
            root = Path.GetDirectoryName(root);
        }

        return Path.Combine(root ?? throw new InvalidOperationException($"no MiniJit.sln above {AppContext.BaseDirectory}"), "bench", "corpus");
    }
}
