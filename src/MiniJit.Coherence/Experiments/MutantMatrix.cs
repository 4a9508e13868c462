// Every mutant on every machine. A cell says how the mutant died: by which seed and with which symptom, or that it survived them all; and
// whether that is what the rules of the architecture say.
using System;
using System.Threading.Tasks;
using MiniJit.Coherence.Caches;

namespace MiniJit.Coherence.Experiments;

/// <summary>A mutant on a machine.</summary>
/// <param name="Expected">What the rules say.</param>
/// <param name="Seed">The first seed that killed it; 0 if none did.</param>
/// <param name="Outcome">How it died.</param>
internal readonly record struct MutantCell(MutantVerdict Expected, int Seed, ExperimentOutcome Outcome)
{
    public bool Survived => Seed == 0;

    public bool IsAsExpected => Survived == Expected.IsSafe;
}

internal sealed class MutantMatrix
{
    private static readonly MachineType[] s_machines = [.. HonestMachines(),
        new("long-data", [new(false, false, 128, 32)], []),
        new("long-code", [new(false, false, 32, 128)], []),

        // Unlike cores: what the weakest needs, all get.
        new("some-idc", [new(false, false), new(true, false)], []),
        new("some-dic", [new(true, false), new(true, true)], []),
    ];

    private readonly MutantCell[,] _cells;

    private MutantMatrix(MutantCell[,] cells) => _cells = cells;

    /// <summary>
    /// All machines, with one difference: where a machine claims what it does not keep, the system hides the claim, as Linux does. What happens
    /// otherwise is a scenario (false-claim).
    /// </summary>
    public static ReadOnlySpan<MachineType> Machines => s_machines;

    public static MachineType? FindMachine(string name) => Array.Find(s_machines, machine => machine.Name == name);

    public MutantCell this[int mutant, int machine] => _cells[mutant, machine];

    /// <summary>Cells that are not what they should be.</summary>
    public int Wrong
    {
        get
        {
            int wrong = 0;
            foreach (MutantCell cell in _cells)
            {
                wrong += cell.IsAsExpected ? 0 : 1;
            }

            return wrong;
        }
    }

    /// <summary>Tries seeds from 1 on until a mutant is dead. The same seeds give the same cells, whoever computes them.</summary>
    public static MutantMatrix Run(int seeds)
    {
        MutantCell[,] cells = new MutantCell[Mutants.All.Length, s_machines.Length];
        Parallel.For(0, cells.Length, index =>
        {
            int mutant = index / s_machines.Length, machine = index % s_machines.Length;
            cells[mutant, machine] = Try(Mutants.All[mutant], s_machines[machine], seeds);
        });
        return new(cells);
    }

    /// <summary>One cell.</summary>
    public static MutantCell Try(Mutant mutant, MachineType machine, int seeds)
    {
        MutantVerdict expected = mutant.On(machine);
        for (int seed = 1; seed <= seeds; seed++)
        {
            ExperimentOutcome outcome = ExperimentRun.Run(mutant.Experiment, machine, Seeds.Of(seed, mutant.Experiment));
            if (outcome.IsFailure)
            {
                return new(expected, seed, outcome);
            }
        }

        return new(expected, 0, default);
    }

    private static MachineType[] HonestMachines()
    {
        MachineType[] machines = MachineType.All.ToArray();
        for (int i = 0; i < machines.Length; i++)
        {
            if (machines[i].Claimed.Length > 0)
            {
                machines[i] = machines[i] with { Name = machines[i].Name + "*", Claimed = [] };
            }
        }

        return machines;
    }
}
