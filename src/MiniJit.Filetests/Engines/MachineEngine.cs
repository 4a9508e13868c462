// The simulated AArch64 machine: functions are compiled, linked and published into it by the plan of AArch64 Linux, and called on one of its
// cores through the same trampolines as native code.
using System;
using System.Collections.Generic;
using MiniJit.Codegen;
using MiniJit.Coherence.Publication;
using MiniJit.IR;
using MiniJit.IR.Interpretation;
using MiniJit.Runtime.Exceptions;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;

namespace MiniJit.Filetests.Engines;

/// <summary>Compiles for AArch64 and calls on the machine.</summary>
internal sealed class MachineEngine(MachineHost host, CompileContext compiler, Target target) : IEngine
{
    /// <summary>Instructions that one call may execute: some ten seconds.</summary>
    private const long Budget = 2_000_000_000;

    private readonly JitModule _module = new(host.Process.Heap, NoSymbols.Instance);
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
                return $"{function.Name}: {NativeEngine.Describe(compiler.Diagnostics)}";
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
            return NativeEngine.Describe(errors);
        }

        Signature[] signatures = new Signature[commands.Count];
        for (int i = 0; i < signatures.Length; i++)
        {
            signatures[i] = functions[commands[i].Owner].Signature;
        }

        host.TryPrepare(target, signatures, out problem);
        return problem;
    }

    public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments)
    {
        Signature signature = _functions[owner].Signature;
        if (!host.TryPrepare(target, [signature], out string problem))
        {
            return Completion.Failed(problem);
        }

        int slots = Math.Max(signature.Params.Count, signature.Returns.Count);
        if (_values.Length < slots)
        {
            _values = new UInt128[slots];
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            _values[i] = arguments[i].Bits;
        }

        MachineEnd end = host.Process.Call(host.TrampolineFor(target, signature), _compiled[owner], _values.AsSpan(0, slots), Budget);
        if (end.Problem.Length != 0)
        {
            return Completion.Failed($"{_functions[owner].Name}: {end.Problem}");
        }

        if (end.End.Kind != TrapKind.None)
        {
            return end.End.Kind == TrapKind.Trap
                ? Completion.Trapped(end.End.Code, end.End.ToString())
                : Completion.Failed($"{end.End}{NativeEngine.Listing(end.End, compiler, target, _functions, _compiled)}");
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
        problem = code is null ? NativeEngine.Describe(compiler.Diagnostics) : "";
        return code is not null;
    }
}
