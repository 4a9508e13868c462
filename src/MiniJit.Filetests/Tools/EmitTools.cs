// `compile --emit`: everything that the command line names goes into one file, a relocatable object or a static executable.
using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Codegen;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Engines;
using MiniJit.IR;
using MiniJit.Runtime.Exceptions;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;

namespace MiniJit.Filetests.Tools;

/// <summary>What <c>compile</c> writes.</summary>
internal enum EmitKind : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A relocatable object for the system's linker.</summary>
    Object,

    /// <summary>A static executable.</summary>
    Executable,
}

/// <summary>Writes compiled functions into files.</summary>
internal static class EmitTools
{
    /// <summary>Compiles all functions of all files and writes them into one.</summary>
    /// <param name="context">Input and output.</param>
    /// <param name="paths">The files to compile.</param>
    /// <param name="options">For what.</param>
    /// <param name="kind">Into what.</param>
    /// <param name="output">Where; empty for the name of the only input with another extension, in the current directory.</param>
    public static int Emit(ToolContext context, IReadOnlyList<string> paths, ToolOptions options, EmitKind kind, string output)
    {
        // The linkers of today make position-independent executables unless told otherwise.
        SettingsBuilder settings = new(SharedSettings.Group);
        settings.SetRaw((int)SharedSetting.IsPic, kind == EmitKind.Object ? (byte)1 : (byte)0);
        if (!CompileTools.TryGetTarget(options, settings, forHost: false, out Target? target, out string error)
            || !TryName(paths, kind, ref output, out error))
        {
            return context.Usage(error);
        }

        if (kind == EmitKind.Executable && !RunsLinux(target!.Triple))
        {
            return context.Usage($"static executables are for Linux, and the target is {target.Triple}");
        }

        CompileContext compiler = new();
        ObjectModule module = new(target!.Triple);
        ExceptionSupport exceptions = new();
        Signature? main = null;
        int exit = context.ForEach(
            paths,
            (_, file) =>
            {
                bool compiles = true;
                foreach (ParsedFunction function in file.Functions)
                {
                    main = function.Function.Name == StartCode.Main ? function.Function.Signature : main;
                    compiles &= CompileTools.TryCompile(context, compiler, function, target, out CompiledCode? code);
                    if (code is not null)
                    {
                        module.Define(function.Function.Name, code);
                        exceptions.Add(function.Function.Name, code);
                    }
                }

                return compiles;
            },
            target.DefaultCallConv);
        return exit != ExitCode.Success ? exit : Write(context, kind, output, module, exceptions, main, compiler, target);
    }

    private static int Write(
        ToolContext context, EmitKind kind, string output, ObjectModule module, ExceptionSupport exceptions, Signature? main, CompileContext compiler,
        Target target)
    {
        byte[] file;
        IReadOnlyList<LinkError> errors;
        if (kind == EmitKind.Executable)
        {
            if (!StartCode.TryDefine(module, main, TryCompile, out int entry, out string problem)
                || !exceptions.TryDefine(module, target, TryCompile, out problem))
            {
                return context.Fail(problem);
            }

            StaticExecutable.TryWrite(module, entry, out file, out errors);
        }
        else
        {
            RelocatableObject.TryWrite(module, out file, out errors);
        }

        foreach (LinkError error in errors)
        {
            context.Error.Write($"minijit: {error}\n");
        }

        if (errors.Count > 0)
        {
            return ExitCode.Failure;
        }

        try
        {
            File.WriteAllBytes(output, file);
            if (kind == EmitKind.Executable && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(output, File.GetUnixFileMode(output) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return context.Fail(e.Message);
        }

        return ExitCode.Success;

        bool TryCompile(Function function, out CompiledCode code, out string problem)
        {
            code = compiler.Compile(function, target)!;
            problem = code is null ? NativeEngine.Describe(compiler.Diagnostics) : "";
            return code is not null;
        }
    }

    private static bool RunsLinux(TargetTriple triple) =>
        triple.OperatingSystem.Length == 0 || triple.OperatingSystem.StartsWith("linux", StringComparison.Ordinal);

    private static bool TryName(IReadOnlyList<string> paths, EmitKind kind, ref string output, out string error)
    {
        error = "";
        if (output.Length == 0)
        {
            error = paths.Count == 1 && paths[0] != "-" ? "" : "--output says where to write what comes from several files or from standard input";
            output = Path.GetFileNameWithoutExtension(paths[0]) + (kind == EmitKind.Object ? ".o" : "");
        }

        return error.Length == 0;
    }
}
