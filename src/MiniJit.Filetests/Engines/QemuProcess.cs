using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;

namespace MiniJit.Filetests.Engines;

/// <summary>Runs a driver under qemu.</summary>
internal static class QemuProcess
{
    /// <summary>The guest's stack: as deep as that of a thread that runs tests natively.</summary>
    public const ulong StackSize = 64 << 20;

    /// <summary>How long one process may take: less than a test may.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static int s_files;

    /// <summary>Writes a program to a file that nobody else uses.</summary>
    public static string WriteProgram(byte[] program)
    {
        string path = Path.Combine(
            Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"minijit-{Environment.ProcessId}-{Interlocked.Increment(ref s_files)}.elf"));
        File.WriteAllBytes(path, program);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    /// <summary>Carries out the records from one on.</summary>
    /// <param name="path">The program.</param>
    /// <param name="first">Offset of the first record in the driver's table.</param>
    /// <param name="output">Receives the records that were carried out.</param>
    /// <returns>How the process ended if it did not end well; empty if it did.</returns>
    public static string Run(string path, long first, Stream output)
    {
        ProcessStartInfo start = new(EngineTable.QemuPath, ["-s", StackSize.ToString(CultureInfo.InvariantCulture), path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {EngineTable.QemuPath}");
        bool timedOut = false;
        using Timer timer = new(
            _ =>
            {
                Volatile.Write(ref timedOut, true);
                process.Kill();
            },
            null,
            s_limit,
            Timeout.InfiniteTimeSpan);
        try
        {
            Span<byte> offset = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(offset, first);
            process.StandardInput.BaseStream.Write(offset);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has died already; the exit code says how.
        }

        process.StandardOutput.BaseStream.CopyTo(output);
        string errors = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return Volatile.Read(ref timedOut) ? $"took longer than {s_limit.TotalSeconds} s"
            : process.ExitCode == 0 ? ""
            : $"ended with exit code {process.ExitCode}{(errors.Length == 0 ? "" : ": ")}{errors}";
    }
}
