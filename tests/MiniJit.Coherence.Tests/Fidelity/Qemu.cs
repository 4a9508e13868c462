// The judge: qemu's user-mode emulator of AArch64.
using System;
using System.Diagnostics;
using System.IO;

namespace MiniJit.Coherence.Tests.Fidelity;

internal static class Qemu
{
    private static readonly string? s_path = Find("qemu-aarch64");

    public static bool IsInstalled => s_path != null;

    /// <summary>Runs a static executable; its output, or null and the reason if it did not end well.</summary>
    public static byte[]? Run(byte[] executable, out string error)
    {
        string file = Path.Combine(Path.GetTempPath(), $"minijit-fidelity-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");
        try
        {
            File.WriteAllBytes(file, executable);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            ProcessStartInfo start = new(s_path!) { RedirectStandardOutput = true, RedirectStandardError = true };

            // Pointer authentication off: the machine has none, and its hints then do nothing.
            start.ArgumentList.Add("-cpu");
            start.ArgumentList.Add("max,pauth=off,sve=off,sme=off");
            start.ArgumentList.Add(file);
            using Process process = Process.Start(start)!;
            using MemoryStream output = new();
            process.StandardOutput.BaseStream.CopyTo(output);
            error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            error = process.ExitCode == 0 ? string.Empty : $"exit code {process.ExitCode} {error}";
            return process.ExitCode == 0 ? output.ToArray() : null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string? Find(string name)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':'))
        {
            string path = Path.Combine(directory, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
