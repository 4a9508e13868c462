using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Files;
using MiniJit.Filetests.Subtests;
using MiniJit.IR;
using MiniJit.IR.Verification;
using MiniJit.Runtime.Invocation;

namespace MiniJit.Filetests.Tools;

/// <summary>What <c>compile</c> shows of each function.</summary>
[Flags]
internal enum CompileView : byte
{
    /// <summary>Name and size.</summary>
    None = 0,

    /// <summary>The function as the mid-end leaves it.</summary>
    Clif = 1,

    /// <summary>Lowered code over virtual registers.</summary>
    VCode = 2,

    /// <summary>The listing of the machine code.</summary>
    Disassembly = 4,
}

/// <summary>The commands that compile single files.</summary>
internal static class CompileTools
{
    /// <summary>Compiles all functions and shows what is asked for.</summary>
    public static int Compile(ToolContext context, IReadOnlyList<string> paths, ToolOptions options, CompileView view)
    {
        if (!TryGetTarget(options, forHost: false, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        CompileContext compiler = new();
        return context.ForEach(paths, (_, file) =>
        {
            bool compiles = true;
            foreach (ParsedFunction function in file.Functions)
            {
                compiles &= Compile(context, compiler, function, target!, view);
            }

            return compiles;
        });
    }

    /// <summary>Compiles for this machine and carries out the run commands.</summary>
    public static int Run(ToolContext context, IReadOnlyList<string> paths, ToolOptions options)
    {
        if (!TryGetTarget(options, forHost: true, out Target? target, out string error))
        {
            return context.Usage(error);
        }

        if (!target!.RunsOnHost(out string reason))
        {
            return context.Fail(reason);
        }

        Verifier verifier = new();
        CompileContext compiler = new();
        NativeHost host = new(compiler);
        return context.ForEach(
            paths,
            (path, file) =>
            {
                if (!context.Report(FileTools.Errors(file, verifier, CompileContext.OptionsOf(target))))
                {
                    return false;
                }

                using NativeEngine engine = new(host, compiler, target);
                return FileTools.Execute(context, path, file, engine);
            },
            HostCaller.HostConvention);
    }

    /// <summary>The back end's target for what the command line says.</summary>
    public static bool TryGetTarget(ToolOptions options, bool forHost, out Target? target, out string error) =>
        TryGetTarget(options, new SettingsBuilder(SharedSettings.Group), forHost, out target, out error);

    /// <summary>The back end's target for what the command line says about settings that begin otherwise than at their defaults.</summary>
    public static bool TryGetTarget(ToolOptions options, SettingsBuilder settings, bool forHost, out Target? target, out string error)
    {
        target = null;
        if (!ToolContext.TryGetTarget(options, settings, out TargetSpec? spec, out error))
        {
            return false;
        }

        target = new TargetCache().Find(spec!, forHost && spec!.Triple.Architecture == TargetTriple.Host.Architecture);
        error = target is null ? $"there is no code generator for {spec!.Triple.ArchitectureName} yet" : "";
        return target is not null;
    }

    private static bool Compile(ToolContext context, CompileContext compiler, ParsedFunction function, Target target, CompileView view)
    {
        if (TryCompile(context, compiler, function, target, out CompiledCode? code))
        {
            Show(context, compiler, code!, function.Function, target, view);
        }

        return code is not null;
    }

    /// <summary>Compiles a function; what keeps it from that is reported.</summary>
    public static bool TryCompile(ToolContext context, CompileContext compiler, ParsedFunction function, Target target, out CompiledCode? code)
    {
        code = compiler.Compile(function.Function, target);
        if (code is not null)
        {
            return true;
        }

        // An error of the verifier knows its entity; where that stands only the reader knows.
        foreach (Diagnostic diagnostic in compiler.Diagnostics.Items)
        {
            Diagnostic placed = diagnostic.Span.Source is null ? diagnostic with { Span = function.SpanOf(diagnostic.Entity) } : diagnostic;
            context.Error.Write($"{placed.Format()}\n");
        }

        return false;
    }

    private static void Show(ToolContext context, CompileContext compiler, CompiledCode code, Function function, Target target, CompileView view)
    {
        context.Output.Write($"{function.Name}: {code.Bytes.Length} bytes\n");
        if ((view & CompileView.Clif) != 0)
        {
            context.Output.Write(Printer.Print(compiler.Optimized));
        }

        if ((view & CompileView.VCode) != 0)
        {
            context.Output.Write(compiler.FormatVCode());
        }

        if ((view & CompileView.Disassembly) != 0)
        {
            foreach (string line in target.Disassemble(code))
            {
                context.Output.Write($"{line}\n");
            }
        }
    }
}
