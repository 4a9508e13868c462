using System;
using System.IO;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>Reference data that lies beside the repository and is no part of it.</summary>
internal static class Shared
{
    /// <summary>The path of <c>../shared/NAME</c> relative to the repository's root, or null if it is not there.</summary>
    public static string? Find(string name)
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string path = Path.Combine(directory.FullName, "shared", name);
            if (Path.Exists(path))
            {
                return path;
            }
        }

        return Environment.GetEnvironmentVariable("MINIJIT_SHARED") is { } root && Path.Exists(Path.Combine(root, name)) ? Path.Combine(root, name) : null;
    }
}
