using System;
using System.IO;

namespace MiniJit.IR.Tests.Support;

/// <summary>Where the sources are: the directory above the test's that holds the solution.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// Reference data beside the sources: below <c>MINIJIT_REFERENCE</c>, or in <c>shared</c> next to the repository. Null if it is not there.
    /// </summary>
    public static string? Shared(params string[] parts)
    {
        string root = Environment.GetEnvironmentVariable("MINIJIT_REFERENCE") ?? Path.Combine(Root, "..", "shared");
        string path = Path.Combine([root, .. parts]);
        return Path.Exists(path) ? path : null;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "MiniJit.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"no MiniJit.sln above {AppContext.BaseDirectory}");
    }
}
