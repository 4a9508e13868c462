// The machine this process runs on. All functions of a file are compiled, linked and published together; calls go through trampolines
// that are CLIF themselves. The name in a command does not matter: the function that the command belongs to is called.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using MiniJit.Runtime.Exceptions;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;

namespace MiniJit.Filetests.Engines;

/// <summary>Compiles for the host and calls.</summary>
internal sealed class NativeEngine(NativeHost host, CompileContext compiler, Target target) : IEngine
{
    private const int ShownBefore = 6, ShownAfter = 3;
    private readonly JitModule _module = new(host.Heap);
    private IReadOnlyList<Function> _functions = [];
    private JitFunction[] _compiled = [];
    private UInt128[] _values = [];

    public string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands)
    {
        _functions = functions;
        _compiled = new JitFunction[functions.Count];
        ExceptionSupport exceptions = new();
        for (int i = 0; i < functions.Count; i++)
        {
            Function function = functions[i];
            if (compiler.Compile(function, target) is not CompiledCode code)
            {
                return $"{function.Name}: {Describe(compiler.Diagnostics)}";
            }

            _compiled[i] = _module.Define(function.Name, code);
            exceptions.Add(function.Name, code);
        }

        if (!exceptions.TryDefine(_module, target, TryCompile, out string problem))
        {
            return problem;
        }

        if (!_module.TryPublish(out IReadOnlyList<LinkError> errors))
        {
            return Describe(errors);
        }

        Signature[] signatures = new Signature[commands.Count];
        for (int i = 0; i < signatures.Length; i++)
        {
            signatures[i] = functions[commands[i].Owner].Signature;
        }

        host.CallerFor(target).TryPrepare(signatures, out problem);
        return problem;
    }

    public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments)
    {
        Signature signature = _functions[owner].Signature;
        if (!host.CallerFor(target).TryBind(_compiled[owner], signature, out HostCallable callable, out string problem))
        {
            return Completion.Failed(problem);
        }

        if (_values.Length < callable.SlotCount)
        {
            _values = new UInt128[callable.SlotCount];
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            _values[i] = arguments[i].Bits;
        }

        TrapInfo end = callable.Invoke(_values);
        if (end.Kind != TrapKind.None)
        {
            return end.Kind == TrapKind.Trap
                ? Completion.Trapped(end.Code, end.ToString())
                : Completion.Failed($"{end}{Listing(end, compiler, target, _functions, _compiled)}");
        }

        DataValue[] results = new DataValue[signature.Returns.Count];
        for (int i = 0; i < results.Length; i++)
        {
            IrType type = signature.Returns[i].Type;
            results[i] = new(type, _values[i] & (UInt128.MaxValue >> (DataValue.MaxBits - type.Bits)));
        }

        return Completion.Returned(results);
    }

    public void Dispose() => _module.Dispose();

    private bool TryCompile(Function function, out CompiledCode code, out string problem)
    {
        code = compiler.Compile(function, target)!;
        problem = code is null ? Describe(compiler.Diagnostics) : "";
        return code is not null;
    }

    /// <summary>All diagnostics in one line.</summary>
    public static string Describe(DiagnosticBag diagnostics)
    {
        StringBuilder text = new();
        foreach (Diagnostic diagnostic in diagnostics.Items)
        {
            text.Append(text.Length == 0 ? "" : "; ").Append(diagnostic.ToString());
        }

        return text.ToString();
    }

    /// <summary>What is wrong with the links, one line each.</summary>
    public static string Describe(IReadOnlyList<LinkError> errors)
    {
        StringBuilder text = new();
        foreach (LinkError error in errors)
        {
            text.Append(text.Length == 0 ? "" : "\n");
            text.Append(error.Kind == LinkErrorKind.UndefinedSymbol
                ? $"Undeclared function {error.Symbol} is referenced by {error.ReferencedBy}!"
                : error.ToString());
        }

        return text.ToString();
    }

    /// <summary>The instructions around a fault.</summary>
    public static string Listing(
        TrapInfo end, CompileContext compiler, Target target, IReadOnlyList<Function> functions, JitFunction[] compiled)
    {
        int index = Array.IndexOf(compiled, end.Function);
        return index < 0 ? "" : Listing(functions[index], end.Offset, compiler, target);
    }

    /// <summary>The instructions around an offset into a function.</summary>
    public static string Listing(Function function, int place, CompileContext compiler, Target target)
    {
        if (compiler.Compile(function, target) is not CompiledCode code)
        {
            return "";
        }

        IReadOnlyList<string> lines = target.Disassemble(code);
        int at = 0;
        for (int i = 0; i < lines.Count; i++)
        {
            ReadOnlySpan<char> line = lines[i].AsSpan().TrimStart();
            int blank = line.IndexOf(' ');
            if (blank > 0 && int.TryParse(line[..blank], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int offset) && offset <= place)
            {
                at = i;
            }
        }

        StringBuilder text = new();
        for (int i = Math.Max(0, at - ShownBefore); i <= Math.Min(lines.Count - 1, at + ShownAfter); i++)
        {
            text.Append('\n').Append(i == at ? "=>" : "  ").Append(lines[i]);
        }

        return text.ToString();
    }
}
