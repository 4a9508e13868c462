using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Engines;

/// <summary>The reference interpreter. Functions are looked up by the name that the command writes.</summary>
internal sealed class InterpreterEngine : IEngine
{
    private readonly Interpreter _interpreter = new();
    private readonly Dictionary<string, ExternalName> _names = [];

    public string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands)
    {
        foreach (Function function in functions)
        {
            _names[function.Name.ToString()] = function.Name;
            _interpreter.Add(function);
        }

        return "";
    }

    public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments)
    {
        if (!_names.TryGetValue(callee, out ExternalName name))
        {
            return Completion.Failed($"no function {callee}");
        }

        InterpreterResult result = _interpreter.Invoke(name, arguments);
        return result.Kind switch
        {
            InterpreterResultKind.Returned => Completion.Returned(result.Values),
            InterpreterResultKind.Trapped => Completion.Trapped(result.TrapCode, result.ToString()),
            _ => Completion.Failed(result.ToString()),
        };
    }

    public void Dispose()
    {
    }
}
