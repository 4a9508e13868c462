// `bench --machine`: how many guest instructions per second the simulated machine executes, and how long qemu takes for the same code.
//
// A kernel is a file NAME.clif that defines %kernel_NAME(i64) -> i64; kernels.tsv beside it says with which argument it is measured and what comes
// out (columns: name, argument and result of a short run, argument and result of a long one). Each becomes a static executable, which
// both run. Times are processor times, so other processes do not count.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Coherence.Linux;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Running;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;

namespace MiniJit.Filetests.Tools;

/// <summary>Measures the machine on kernels.</summary>
internal static class MachineBenchmark
{
    private const string Prefix = "%kernel_", Table = "kernels.tsv";
    private const string Header = "kernel        Minstructions   machine ms     M/s    qemu ms   qemu M/s\n";

    /// <summary>Runs the kernels among the files.</summary>
    public static int Run(ToolContext context, IReadOnlyList<string> paths, ToolOptions options)
    {
        ToolOptions arm = options with { Target = options.Target.Length == 0 ? "aarch64 has_lse" : options.Target, OptLevel = options.OptLevel.Length == 0 ? "speed" : options.OptLevel };
        SettingsBuilder settings = new(SharedSettings.Group);
        settings.SetRaw((int)SharedSetting.IsPic, 0);
        if (!CompileTools.TryGetTarget(arm, settings, forHost: false, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        if (target!.Triple.Architecture != TargetArchitecture.Arm64)
        {
            return context.Usage("the machine executes aarch64 code");
        }

        List<string> missing = [];
        double logarithms = 0;
        int kernels = 0, exit = ExitCode.Success;
        context.Output.Write(Header);
        foreach (string path in FileDiscovery.Find(new RunOptions { Paths = paths }, missing))
        {
            if (!TryReadArgument(path, out Kernel kernel))
            {
                continue;
            }

            if (!TryBuild(context, path, kernel, target, out byte[] executable, out string problem) || !TryMeasure(context, kernel, executable, ref logarithms, out problem))
            {
                context.Error.Write($"minijit: {path}: {problem}\n");
                exit = ExitCode.Failure;
                continue;
            }

            kernels++;
        }

        if (missing.Count > 0)
        {
            return context.Fail($"no such file or directory: {missing[0]}");
        }

        double mean = kernels == 0 ? 0 : Math.Exp(logarithms / kernels);
        context.Output.Write(string.Create(CultureInfo.InvariantCulture, $"geometric mean of {kernels} kernels: {mean:f1} million instructions per second\n"));
        return exit;
    }

    private static bool TryMeasure(ToolContext context, in Kernel kernel, byte[] executable, ref double logarithms, out string problem)
    {
        using LinuxProcess process = new(Stream.Null, Stream.Null, Stream.Null);
        if (!process.TryLoad(executable, [kernel.Name], out problem))
        {
            return false;
        }

        TimeSpan before = Environment.CpuUsage.TotalTime;
        ProcessEnd end = process.Run();
        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        byte expected = (byte)kernel.Result;
        if (end.Problem.Length != 0 || end.ExitCode != expected)
        {
            problem = end.Problem.Length != 0 ? end.Problem : $"the result ends in {end.ExitCode}, not {expected}";
            return false;
        }

        double millions = process.Machine.Cores[0].Retired / 1e6;
        logarithms += Math.Log(millions / seconds);
        string qemu = "";
        if (EngineTable.QemuPath.Length != 0)
        {
            double qemuSeconds = TimeQemu(executable, out int code);
            qemu = code == expected
                ? string.Create(CultureInfo.InvariantCulture, $" {qemuSeconds * 1000,10:f0} {millions / qemuSeconds,10:f1}")
                : $" qemu ends with {code}";
        }

        context.Output.Write(string.Create(
            CultureInfo.InvariantCulture, $"{kernel.Name,-12} {millions,14:f1} {seconds * 1000,12:f0} {millions / seconds,7:f1}{qemu}\n"));
        context.Output.Flush();
        return true;
    }

    private static double TimeQemu(byte[] executable, out int code)
    {
        string file = Path.Combine(Path.GetTempPath(), $"minijit-{Environment.ProcessId}-kernel");
        try
        {
            File.WriteAllBytes(file, executable);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            using Process process = Process.Start(new ProcessStartInfo(EngineTable.QemuPath, [file]) { RedirectStandardOutput = true })!;

            // A process that has ended does not tell its processor time any more, so it is asked until then.
            const int Interval = 5;
            TimeSpan time = TimeSpan.Zero;
            while (!process.WaitForExit(Interval))
            {
                try
                {
                    process.Refresh();
                    time = process.TotalProcessorTime;
                }
                catch (Exception e) when (e is InvalidOperationException or Win32Exception)
                {
                    // It has ended just now.
                }
            }

            code = process.ExitCode;
            return Math.Max(time.TotalSeconds, Interval / 1000.0);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The kernel with a main function that calls it.</summary>
    private static bool TryBuild(ToolContext context, string path, in Kernel kernel, Target target, out byte[] executable, out string problem)
    {
        executable = [];
        problem = "it does not compile";
        string main = string.Create(
            CultureInfo.InvariantCulture,
            $$"""

            function %main() -> i32 system_v {
                fn0 = {{Prefix}}{{kernel.Name}}(i64) -> i64 system_v
            block0:
                v0 = iconst.i64 {{kernel.Argument}}
                v1 = call fn0(v0)
                v2 = ireduce.i32 v1
                return v2
            }

            """);
        ParsedFile file = new Parser().Read(new SourceText(path, File.ReadAllText(path) + main), CallConv.SystemV);
        if (!context.Report(file.Diagnostics.Items))
        {
            return false;
        }

        CompileContext compiler = new();
        ObjectModule module = new(target.Triple);
        Signature? signature = null;
        foreach (ParsedFunction parsed in file.Functions)
        {
            if (compiler.Compile(parsed.Function, target) is not CompiledCode code)
            {
                problem = NativeEngine.Describe(compiler.Diagnostics);
                return false;
            }

            signature = parsed.Function.Name == StartCode.Main ? parsed.Function.Signature : signature;
            module.Define(parsed.Function.Name, code);
        }

        if (!StartCode.TryDefine(module, signature, TryCompile, out int entry, out problem))
        {
            return false;
        }

        bool written = StaticExecutable.TryWrite(module, entry, out executable, out IReadOnlyList<LinkError> errors);
        problem = NativeEngine.Describe(errors);
        return written;

        bool TryCompile(Function function, out CompiledCode code, out string reason)
        {
            code = compiler.Compile(function, target)!;
            reason = code is null ? NativeEngine.Describe(compiler.Diagnostics) : "";
            return code is not null;
        }
    }

    private static bool TryReadArgument(string path, out Kernel kernel)
    {
        kernel = default;
        string name = Path.GetFileNameWithoutExtension(path), table = Path.Combine(Path.GetDirectoryName(path) ?? "", Table);
        if (!File.Exists(table))
        {
            return false;
        }

        foreach (string line in File.ReadLines(table))
        {
            string[] columns = line.Split('\t');
            if (columns.Length >= 5 && columns[0] == name)
            {
                kernel = new(name, long.Parse(columns[3], CultureInfo.InvariantCulture), long.Parse(columns[4], CultureInfo.InvariantCulture));
                return true;
            }
        }

        return false;
    }

    /// <summary>A kernel, and how it is called.</summary>
    private readonly record struct Kernel(string Name, long Argument, long Result);
}
