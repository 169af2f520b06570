/**
 * Code that has nothing to do with anybody's project, in the languages people write most: what a
 * model must not forget while it learns from one person. Written for this purpose and never trained
 * on; it stays as it is, since a figure is worth something only beside one of the same texts.
 */

export interface GeneralText {
  readonly path: string;
  readonly text: string;
}

export const generalSet: readonly GeneralText[] = [
  {
    path: 'src/queue.ts',
    text: `export class PriorityQueue<T> {
  private readonly items: { value: T; priority: number }[] = [];

  push(value: T, priority: number): void {
    let index = this.items.length;
    while (index > 0 && this.items[index - 1].priority > priority) index--;
    this.items.splice(index, 0, { value, priority });
  }

  pop(): T | undefined {
    return this.items.shift()?.value;
  }

  get size(): number {
    return this.items.length;
  }
}
`,
  },
  {
    path: 'lib/fetchJson.js',
    text: `async function fetchJson(url, options = {}) {
  const response = await fetch(url, {
    ...options,
    headers: { Accept: 'application/json', ...options.headers },
  });
  if (!response.ok) {
    throw new Error(\`Request failed with status \${response.status}\`);
  }
  return response.json();
}

module.exports = { fetchJson };
`,
  },
  {
    path: 'components/TodoList.tsx',
    text: `import { useState } from 'react';

export function TodoList() {
  const [items, setItems] = useState<string[]>([]);
  const [text, setText] = useState('');

  const add = () => {
    if (text.trim() === '') return;
    setItems([...items, text]);
    setText('');
  };

  return (
    <div>
      <input value={text} onChange={(event) => setText(event.target.value)} />
      <button onClick={add}>Add</button>
      <ul>
        {items.map((item, index) => (
          <li key={index}>{item}</li>
        ))}
      </ul>
    </div>
  );
}
`,
  },
  {
    path: 'tests/math.test.ts',
    text: `import { describe, expect, it } from 'vitest';
import { clamp, mean } from '../src/math';

describe('clamp', () => {
  it('returns the value when it is in range', () => {
    expect(clamp(5, 0, 10)).toBe(5);
  });

  it('returns the limit when it is out of range', () => {
    expect(clamp(-1, 0, 10)).toBe(0);
    expect(clamp(11, 0, 10)).toBe(10);
  });
});

describe('mean', () => {
  it('throws for an empty list', () => {
    expect(() => mean([])).toThrow();
  });
});
`,
  },
  {
    path: 'inventory/models.py',
    text: `from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Product:
    name: str
    price: float
    quantity: int = 0
    tags: list[str] = field(default_factory=list)

    def total_value(self) -> float:
        return self.price * self.quantity

    def is_available(self) -> bool:
        return self.quantity > 0


def find_product(products: list[Product], name: str) -> Optional[Product]:
    for product in products:
        if product.name == name:
            return product
    return None
`,
  },
  {
    path: 'scripts/count_words.py',
    text: `import argparse
import collections
import sys


def count_words(lines):
    counter = collections.Counter()
    for line in lines:
        for word in line.lower().split():
            counter[word.strip('.,;:!?')] += 1
    return counter


def main():
    parser = argparse.ArgumentParser(description='Count words in a file.')
    parser.add_argument('path')
    parser.add_argument('--top', type=int, default=10)
    args = parser.parse_args()
    with open(args.path, encoding='utf-8') as file:
        counter = count_words(file)
    for word, count in counter.most_common(args.top):
        print(f'{word}: {count}')


if __name__ == '__main__':
    sys.exit(main())
`,
  },
  {
    path: 'plots/histogram.py',
    text: `import numpy as np
import matplotlib.pyplot as plt


def plot_histogram(values, bins=20, title='Histogram'):
    values = np.asarray(values)
    fig, ax = plt.subplots(figsize=(8, 4))
    ax.hist(values, bins=bins, color='steelblue', edgecolor='white')
    ax.axvline(values.mean(), color='red', linestyle='--', label='mean')
    ax.set_title(title)
    ax.set_xlabel('Value')
    ax.set_ylabel('Count')
    ax.legend()
    return fig
`,
  },
  {
    path: 'server/handler.go',
    text: `package server

import (
	"encoding/json"
	"log"
	"net/http"
)

type User struct {
	ID   int    \`json:"id"\`
	Name string \`json:"name"\`
}

func (s *Server) handleGetUser(w http.ResponseWriter, r *http.Request) {
	user, err := s.store.FindUser(r.Context(), r.PathValue("id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(user); err != nil {
		log.Printf("failed to write response: %v", err)
	}
}
`,
  },
  {
    path: 'src/matrix.rs',
    text: `#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    data: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        if row < self.rows && column < self.columns {
            Some(self.data[row * self.columns + column])
        } else {
            None
        }
    }

    pub fn transpose(&self) -> Self {
        let mut result = Self::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                result.data[column * self.rows + row] = self.data[row * self.columns + column];
            }
        }
        result
    }
}
`,
  },
  {
    path: 'src/main/java/shop/Account.java',
    text: `package shop;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

public class Account {
    private final String owner;
    private final List<Double> transactions = new ArrayList<>();

    public Account(String owner) {
        this.owner = owner;
    }

    public void deposit(double amount) {
        if (amount <= 0) {
            throw new IllegalArgumentException("Amount must be positive");
        }
        transactions.add(amount);
    }

    public double getBalance() {
        return transactions.stream().mapToDouble(Double::doubleValue).sum();
    }

    public List<Double> getTransactions() {
        return Collections.unmodifiableList(transactions);
    }
}
`,
  },
  {
    path: 'list.c',
    text: `#include <stdio.h>
#include <stdlib.h>

struct node {
    int value;
    struct node *next;
};

struct node *list_prepend(struct node *head, int value)
{
    struct node *node = malloc(sizeof(struct node));
    if (node == NULL) {
        fprintf(stderr, "out of memory\\n");
        exit(EXIT_FAILURE);
    }
    node->value = value;
    node->next = head;
    return node;
}

void list_free(struct node *head)
{
    while (head != NULL) {
        struct node *next = head->next;
        free(head);
        head = next;
    }
}
`,
  },
  {
    path: 'geometry/vector.hpp',
    text: `#pragma once

#include <cmath>
#include <ostream>

template <typename T>
class Vector3 {
public:
    Vector3(T x, T y, T z) : x_(x), y_(y), z_(z) {}

    T dot(const Vector3& other) const {
        return x_ * other.x_ + y_ * other.y_ + z_ * other.z_;
    }

    T length() const { return std::sqrt(dot(*this)); }

    friend std::ostream& operator<<(std::ostream& out, const Vector3& v) {
        return out << "(" << v.x_ << ", " << v.y_ << ", " << v.z_ << ")";
    }

private:
    T x_, y_, z_;
};
`,
  },
  {
    path: 'app/models/article.rb',
    text: `class Article < ApplicationRecord
  belongs_to :author, class_name: 'User'
  has_many :comments, dependent: :destroy

  validates :title, presence: true, length: { maximum: 200 }
  validates :body, presence: true

  scope :published, -> { where.not(published_at: nil) }
  scope :recent, -> { order(created_at: :desc).limit(10) }

  def publish!
    update!(published_at: Time.current)
  end
end
`,
  },
  {
    path: 'queries/orders.sql',
    text: `SELECT
    customers.name,
    COUNT(orders.id) AS order_count,
    SUM(orders.amount) AS total_amount
FROM customers
LEFT JOIN orders ON orders.customer_id = customers.id
WHERE orders.created_at >= '2024-01-01'
GROUP BY customers.name
HAVING SUM(orders.amount) > 100
ORDER BY total_amount DESC
LIMIT 20;
`,
  },
  {
    path: 'public/index.html',
    text: `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Weather</title>
    <link rel="stylesheet" href="style.css" />
  </head>
  <body>
    <header>
      <h1>Weather today</h1>
    </header>
    <main id="app"></main>
    <script src="app.js"></script>
  </body>
</html>
`,
  },
  {
    path: '.github/workflows/ci.yml',
    text: `name: CI

on:
  push:
    branches: [main]
  pull_request:

jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 20
      - run: npm ci
      - run: npm test
`,
  },
  {
    path: 'backup.sh',
    text: `#!/usr/bin/env bash
set -euo pipefail

source_dir="$1"
target_dir="$2"
timestamp="$(date +%Y-%m-%d)"
archive="$target_dir/backup-$timestamp.tar.gz"

mkdir -p "$target_dir"
tar -czf "$archive" -C "$source_dir" .
echo "Wrote $archive"

find "$target_dir" -name 'backup-*.tar.gz' -mtime +30 -delete
`,
  },
  {
    path: 'README.md',
    text: `# Tidy

A small tool that sorts the files of a folder by their type.

## Installation

\`\`\`sh
npm install --global tidy
\`\`\`

## Usage

Run \`tidy\` in the folder that you want to sort. With \`--dry-run\` it only prints what it would do.

## License

MIT
`,
  },
];
