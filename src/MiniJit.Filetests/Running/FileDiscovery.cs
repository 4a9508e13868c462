using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace MiniJit.Filetests.Running;

/// <summary>From arguments to test files: a file is itself, a directory all <c>.clif</c> files below it, anything with <c>*</c> a glob.</summary>
internal static class FileDiscovery
{
    private const string Extension = ".clif";

    /// <summary>The files in the order of the arguments, sorted within each, without repetitions.</summary>
    /// <param name="options">Paths, filter, shard.</param>
    /// <param name="missing">Arguments that name nothing.</param>
    public static List<string> Find(RunOptions options, List<string> missing)
    {
        List<string> files = [];
        HashSet<string> seen = [];
        foreach (string path in options.Paths)
        {
            List<string> found = Expand(path);
            if (found.Count == 0 && !Directory.Exists(path))
            {
                missing.Add(path);
            }

            foreach (string file in found)
            {
                if (Matches(file, options.Filter) && seen.Add(file))
                {
                    files.Add(file);
                }
            }
        }

        return options.ShardCount == 1 ? files : Shard(files, options);
    }

    /// <summary>Whether a path contains a text or, if that has wildcards, matches it as a whole.</summary>
    public static bool Matches(string path, string filter) => filter.AsSpan().IndexOfAny('*', '?') < 0
        ? path.Contains(filter, StringComparison.Ordinal)
        : System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(filter, path, ignoreCase: false);

    private static List<string> Shard(List<string> files, RunOptions options)
    {
        List<string> mine = [];
        for (int i = options.Shard - 1; i < files.Count; i += options.ShardCount)
        {
            mine.Add(files[i]);
        }

        return mine;
    }

    private static List<string> Expand(string path)
    {
        if (File.Exists(path) || path == "-")
        {
            return [path];
        }

        if (Directory.Exists(path))
        {
            List<string> files = [];
            foreach (string file in Directory.EnumerateFiles(path, "*" + Extension, SearchOption.AllDirectories))
            {
                files.Add(file);
            }

            files.Sort(StringComparer.Ordinal);
            return files;
        }

        return path.Contains('*', StringComparison.Ordinal) ? Glob(path) : [];
    }

    // In a method of its own, so that the library is only loaded for those who use it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<string> Glob(string pattern)
    {
        // The matcher works below a directory: the part of the path before the first wildcard.
        string full = pattern.Replace('\\', '/');
        int wildcard = full.IndexOf('*', StringComparison.Ordinal);
        int slash = full.LastIndexOf('/', wildcard);
        string root = slash < 0 ? "." : slash == 0 ? "/" : full[..slash];
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(full[(slash + 1)..]);
        List<string> files = [];
        if (Directory.Exists(root))
        {
            foreach (FilePatternMatch match in matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files)
            {
                files.Add(slash < 0 ? match.Path : $"{(root == "/" ? "" : root)}/{match.Path}");
            }
        }

        files.Sort(StringComparer.Ordinal);
        return files;
    }
}
